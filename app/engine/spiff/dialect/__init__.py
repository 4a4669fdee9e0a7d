"""The door for diagrams: what may be in one, as a table, and how it is read."""

from app.engine.spiff.dialect.check import check as check
from app.engine.spiff.dialect.check import constructs_of as constructs_of

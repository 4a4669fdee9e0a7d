"""Bulk work: the same thing done to many, one at a time, paced, and stopped when it goes wrong.

A job's items are frozen when it is created. One item is one transaction that holds its outcome too, so a process that
is killed leaves nothing half done and nothing is done twice: whoever works next goes on where it stopped. What is known
only later is asked for until it is known.
"""

from app.core.jobs.doors import JobRefused as JobRefused
from app.core.jobs.doors import Jobs as Jobs
from app.core.jobs.doors import NewJob as NewJob
from app.core.jobs.doors import UnknownJob as UnknownJob
from app.core.jobs.kinds import Begun as Begun
from app.core.jobs.kinds import Failed as Failed
from app.core.jobs.kinds import Item as Item
from app.core.jobs.kinds import Kinds as Kinds
from app.core.jobs.kinds import NotYet as NotYet
from app.core.jobs.kinds import Passed as Passed
from app.core.jobs.kinds import Skipped as Skipped
from app.core.jobs.kinds import Worked as Worked
from app.core.jobs.runner import JobRunner as JobRunner
from app.core.jobs.views import ItemView as ItemView
from app.core.jobs.views import JobView as JobView

"""Business rules as the standard defines them: FEEL expressions, and DMN decisions on top of them.

model = load(xml)
model.evaluate("Router profile", {"speed_mbps": 500})     # the value; model.explain(...) says which rules matched
"""

from app.decisions.dmn import load

__all__ = ["load"]

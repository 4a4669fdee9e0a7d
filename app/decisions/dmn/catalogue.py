"""Every code that a check of decision models gives, with what it says and what puts it right.

What they share with diagrams, such as `not_xml`, stands with those: app/engine/lint/catalogue.py.
"""

from __future__ import annotations

from collections.abc import Mapping

MODELS: Mapping[str, tuple[str, str]] = {
    "not_dmn": ("The document is no DMN.", "Send the `.dmn` file that the modeler saved."),
    "unknown_version": ("This version of DMN is not read.", "Save it as DMN 1.2 to 1.5."),
    "unknown_import": ("An import leads to nothing.", "Correct it, or take it away."),
    "import_circle": ("Models import one another in a circle.", "Take one import away."),
    "duplicate_namespace": ("Two models have one namespace.", "Give each a namespace of its own."),
    "circle": ("Decisions need one another in a circle.", "Take one requirement away."),
    "unknown_requirement": ("A requirement leads to nothing.", "Draw it again."),
    "unknown_type": ("A type is not defined.", "Define it, or correct its name."),
    "type_cycle": ("A type contains itself.", "Take that part out."),
    "feel": ("FEEL that does not compile.", "Correct the expression."),
    "missing_expression": ("There is no expression where one belongs.", "Fill it in."),
    "input_expression": ("An input of a table asks nothing that can be read.", "Write it in FEEL."),
    "other_language": ("An expression is in another language than FEEL.", "Write it in FEEL."),
    "imported_values": ("Values are imported.", "Write them as a list or a relation."),
    "foreign_function": ("A function is written in another language.", "Write it in FEEL."),
    "not_required": ("A decision reads what it does not require, and never finds it.", "Draw the requirement."),
    "column_type": ("An input of a table is of another type than what it asks.", "Give both one type."),
    "no_output": ("A table has no output.", "Add one."),
    "output_names": ("Several outputs need a name each.", "Give each one."),
    "output_values": ("The hit policy needs an order of the output's values.", "List them, the most important first."),
    "hit_policy": ("This hit policy is not known.", "Use one of those named."),
    "aggregation": ("This aggregation is not known.", "Use one of those named."),
    "rule_width": ("A rule has more or fewer cells than the table has columns.", "Fill it up, or shorten it."),
    "overlap": ("Two rules of a UNIQUE table match the same inputs.", "Narrow one, or choose another hit policy."),
    "gap": ("No rule matches some inputs.", "Add a rule or a default output."),
    "never": ("A rule never matches.", "Correct the cell, or take the rule away."),
    "shadowed": ("A rule never comes to turn: an earlier one matches all that it does.", "Move it up."),
}

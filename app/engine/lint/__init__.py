"""What is wrong or doubtful in a diagram whose every element is allowed; each room looks at one subject."""

from app.engine.lint.report import lint as lint

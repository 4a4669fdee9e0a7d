"""What can be permitted, and which role permits it: the one table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """One kind of action. The values are stored, in tokens and in the audit: they outlive renames."""

    READ_INSTANCES = "instance.read"
    READ_PERSONAL = "personal.read"
    START_INSTANCE = "instance.start"
    CANCEL_INSTANCE = "instance.cancel"
    SUSPEND_INSTANCE = "instance.suspend"
    MOVE_INSTANCE = "instance.move"
    MIGRATE_INSTANCES = "instance.migrate"
    RETRY_INCIDENT = "incident.retry"
    CORRECT_INCIDENT = "incident.correct"
    SKIP_INCIDENT = "incident.skip"
    WORK_ON_TASKS = "task.work"
    SEND_MESSAGE = "message.send"
    BROADCAST_SIGNAL = "signal.broadcast"
    READ_DEFINITIONS = "definition.read"
    DEPLOY_DEFINITION = "definition.deploy"
    SUSPEND_PROCESS = "process.suspend"
    READ_DECISIONS = "decision.read"
    DEPLOY_DECISIONS = "decision.deploy"
    READ_JOBS = "job.read"
    HANDLE_JOB = "job.handle"
    READ_SYSTEMS = "system.read"
    HANDLE_SYSTEM = "system.handle"
    READ_METRICS = "metrics.read"
    OWN_TOKENS = "token.own"
    MANAGE_USERS = "user.manage"
    READ_AUDIT = "audit.read"


_P = Permission

IN_WORDS: Final = {
    _P.READ_INSTANCES: "see orders in their flows, with their variables, tasks, incidents and history",
    _P.READ_PERSONAL: "see what is marked as personal in orders",
    _P.START_INSTANCE: "start a flow",
    _P.CANCEL_INSTANCE: "cancel a flow",
    _P.SUSPEND_INSTANCE: "suspend and resume a flow",
    _P.MOVE_INSTANCE: "rewind, move and complete steps by hand",
    _P.MIGRATE_INSTANCES: "move flows to another version",
    _P.RETRY_INCIDENT: "try a step that fell out again",
    _P.CORRECT_INCIDENT: "correct the values of a step that fell out",
    _P.SKIP_INCIDENT: "skip a step that fell out",
    _P.WORK_ON_TASKS: "take and complete tasks",
    _P.SEND_MESSAGE: "send messages to flows",
    _P.BROADCAST_SIGNAL: "broadcast signals",
    _P.READ_DEFINITIONS: "see processes and their diagrams",
    _P.DEPLOY_DEFINITION: "deploy and check diagrams, withdraw versions",
    _P.SUSPEND_PROCESS: "suspend and resume a whole process",
    _P.READ_DECISIONS: "see decisions and try them out",
    _P.DEPLOY_DECISIONS: "deploy decisions",
    _P.READ_JOBS: "see bulk work",
    _P.HANDLE_JOB: "pause, resume and stop bulk work",
    _P.READ_SYSTEMS: "see the systems that handlers call",
    _P.HANDLE_SYSTEM: "limit, stop and let go the systems that handlers call",
    _P.READ_METRICS: "read the server's figures",
    _P.OWN_TOKENS: "have tokens of one's own",
    _P.READ_AUDIT: "read who did what",
    _P.MANAGE_USERS: "manage users, their roles and everybody's tokens",
}

# What concerns no single process, or everybody's: a grant for one process does not give it.
WHOLE: Final = frozenset(
    {
        _P.SEND_MESSAGE,  # it goes to whoever waits for it
        _P.BROADCAST_SIGNAL,
        _P.READ_DECISIONS,  # any process may ask for a decision
        _P.DEPLOY_DECISIONS,
        _P.READ_SYSTEMS,  # every process's handlers call them
        _P.HANDLE_SYSTEM,
        _P.READ_METRICS,
        _P.MANAGE_USERS,
        _P.READ_AUDIT,
    }
)


class Role(StrEnum):
    """What somebody is here; stored as well."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    LEAD = "lead"
    AUTHOR = "author"
    PRODUCT_MANAGER = "product_manager"
    INTEGRATOR = "integrator"
    ADMIN = "admin"


_VIEWER = frozenset(
    {_P.READ_INSTANCES, _P.READ_DEFINITIONS, _P.READ_DECISIONS, _P.READ_JOBS, _P.READ_SYSTEMS, _P.OWN_TOKENS}
)
_OPERATOR = _VIEWER | {
    _P.READ_PERSONAL,
    _P.START_INSTANCE,
    _P.CANCEL_INSTANCE,
    _P.SUSPEND_INSTANCE,
    _P.MOVE_INSTANCE,
    _P.RETRY_INCIDENT,
    _P.CORRECT_INCIDENT,
    _P.SKIP_INCIDENT,
    _P.WORK_ON_TASKS,
    _P.SEND_MESSAGE,
    _P.HANDLE_JOB,  # whoever may begin bulk work holds its brake
}

ROLES: Final = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.LEAD: _OPERATOR
    | {_P.MIGRATE_INSTANCES, _P.SUSPEND_PROCESS, _P.BROADCAST_SIGNAL, _P.HANDLE_SYSTEM},
    Role.AUTHOR: _VIEWER | {_P.DEPLOY_DEFINITION, _P.DEPLOY_DECISIONS, _P.START_INSTANCE, _P.MIGRATE_INSTANCES},
    Role.PRODUCT_MANAGER: _VIEWER | {_P.DEPLOY_DECISIONS},
    Role.INTEGRATOR: frozenset(
        {
            _P.START_INSTANCE,
            _P.READ_INSTANCES,
            _P.READ_PERSONAL,
            _P.READ_DEFINITIONS,
            _P.SEND_MESSAGE,
            _P.BROADCAST_SIGNAL,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}


def roles_with(permission: Permission) -> list[Role]:
    """Those that permit it, the least first."""
    return sorted((role for role, permits in ROLES.items() if permission in permits), key=lambda role: len(ROLES[role]))

"""Every door of the house, and the permission that opens it: the one table. What is not in it stays shut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from app.identity.permissions import Permission

# What a door leads to, as far as grants for single processes are concerned:
Leads = Literal[
    "instance",  # one instance, incident, task, job or process, named in the path
    "incident",
    "task",
    "job",
    "process",
    "told",  # one process, which the request's body names: the view says which (Deed.concerns)
    "some",  # a list, of which each sees what they may (Deed.reach)
    "whole",  # what concerns every process
]


@dataclass(frozen=True)
class Door:
    """`needs` None: whoever is known, and with `public` everybody. `only_plans`: what it leads to needs a second person
    where that is wanted, for what it does itself nobody does. `instead` opens it too, and permits only what the view
    says it is for (Deed.turns_to)."""

    needs: Permission | None
    leads: Leads = "some"
    public: bool = False
    only_plans: bool = False
    instead: Permission | None = None


PUBLIC: Final = Door(None, public=True)
KNOWN: Final = Door(None)
_P = Permission
_READ = _P.READ_INSTANCES
_DRAWING = Door(_P.DEPLOY_DEFINITION, "told", instead=_P.DEPLOY_DECISIONS)  # drafts: of decisions, who deploys those

_API: Final = {
    "process_definitions.list_definitions": Door(_P.READ_DEFINITIONS),
    "process_definitions.read_definition": Door(_P.READ_DEFINITIONS, "process"),
    "process_definitions.list_start_triggers": Door(_P.READ_DEFINITIONS, "process"),
    "process_definitions.read_diagram": Door(_P.READ_DEFINITIONS, "process"),
    "process_definitions.check_diagram": Door(_P.DEPLOY_DEFINITION),
    "process_definitions.deploy_diagram": Door(_P.DEPLOY_DEFINITION, "told"),
    "conversions.convert_diagram": Door(_P.DEPLOY_DEFINITION, instead=_P.DEPLOY_DECISIONS),
    "element_templates.list_templates": Door(_P.READ_DEFINITIONS, "whole"),
    "outlooks.test_diagram": Door(_P.DEPLOY_DEFINITION, "told"),
    "surveys.begin_survey": Door(_P.DEPLOY_DEFINITION, "told", only_plans=True),
    "surveys.read_survey": Door(_P.READ_JOBS, "job"),
    "surveys.list_blocked": Door(_P.READ_JOBS, "job"),
    "versions.read_difference": Door(_P.READ_DEFINITIONS, "process"),
    "versions.withdraw_version": Door(_P.DEPLOY_DEFINITION, "process"),
    "versions.restore_version": Door(_P.DEPLOY_DEFINITION, "process"),
    "trials.begin_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "scenarios.play_scenario": Door(_P.DEPLOY_DEFINITION, "told"),
    "trials.read_trial": Door(_P.READ_DEFINITIONS, "told"),
    "trials.step_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "trials.run_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "trials.act_in_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "trials.read_scenario_of_trial": Door(_P.READ_DEFINITIONS, "told"),
    "trials.close_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "decisions.list_decisions": Door(_P.READ_DECISIONS, "whole"),
    "decisions.evaluate_decision": Door(_P.READ_DECISIONS, "whole"),
    "decisions.deploy_decisions": Door(_P.DEPLOY_DECISIONS, "whole"),
    # Any task may name a form: a new version concerns every process.
    "forms.list_forms": Door(_P.READ_DEFINITIONS),
    "forms.read_form": Door(_P.READ_DEFINITIONS),
    "forms.list_form_versions": Door(_P.READ_DEFINITIONS),
    "forms.read_form_document": Door(_P.READ_DEFINITIONS),
    "forms.deploy_form": Door(_P.DEPLOY_DEFINITION, "whole"),
    "drafts.list_drafts": Door(_P.READ_DEFINITIONS),
    "drafts.read_draft": Door(_P.READ_DEFINITIONS, "told"),
    "drafts.make_draft": _DRAWING,
    "drafts.save_draft": _DRAWING,
    "drafts.remove_draft": _DRAWING,
    # With decision models among the files it needs DEPLOY_DECISIONS as well, with forms it is about every process.
    "deployments.deploy_files": Door(_P.DEPLOY_DEFINITION, "told"),
    "deployments.check_files": Door(_P.DEPLOY_DEFINITION),
    "process_instances.list_instances": Door(_READ),
    "process_instances.read_instance": Door(_READ, "instance"),
    "process_instances.read_history": Door(_READ, "instance"),
    "process_instances.read_variables": Door(_READ, "instance"),
    "process_instances.start_instance": Door(_P.START_INSTANCE, "told"),
    "moves.plan_rewind": Door(_READ, "instance"),
    "moves.cancel_instance": Door(_P.CANCEL_INSTANCE, "instance"),
    "moves.suspend_instance": Door(_P.SUSPEND_INSTANCE, "instance"),
    "moves.resume_instance": Door(_P.SUSPEND_INSTANCE, "instance"),
    "moves.rewind_instance": Door(_P.MOVE_INSTANCE, "instance"),
    "moves.move_token": Door(_P.MOVE_INSTANCE, "instance"),
    "moves.complete_by_hand": Door(_P.MOVE_INSTANCE, "instance"),
    # Sent for one instance's sake, a message still goes to whoever waits for it.
    "moves.send_message": Door(_P.SEND_MESSAGE, "whole"),
    "moves.resend_message": Door(_P.SEND_MESSAGE, "whole"),
    "messages.publish_message": Door(_P.SEND_MESSAGE, "whole"),
    "signals.broadcast_signal": Door(_P.BROADCAST_SIGNAL, "whole"),
    "user_tasks.list_tasks": Door(_READ),
    "user_tasks.read_task": Door(_READ, "task"),
    "user_tasks.claim_task": Door(_P.WORK_ON_TASKS, "task"),
    "user_tasks.unclaim_task": Door(_P.WORK_ON_TASKS, "task"),
    "user_tasks.complete_task": Door(_P.WORK_ON_TASKS, "task"),
    "causes.list_causes": Door(_READ),
    "causes.read_cause": Door(_READ),
    "causes.plan_retry": Door(_P.RETRY_INCIDENT, only_plans=True),
    "incidents.list_incidents": Door(_READ),
    "incidents.read_incident": Door(_READ, "incident"),
    "incidents.retry_incident": Door(_P.RETRY_INCIDENT, "incident"),  # with inputs it needs CORRECT_INCIDENT as well
    "incidents.skip_incident": Door(_P.SKIP_INCIDENT, "incident"),
    "incidents.choose_value": Door(_P.CORRECT_INCIDENT, "incident"),
    "processes.read_process": Door(_READ, "process"),
    "processes.suspend_process": Door(_P.SUSPEND_PROCESS, "process"),
    "processes.resume_process": Door(_P.SUSPEND_PROCESS, "process"),
    "migrations.plan_migration": Door(_P.MIGRATE_INSTANCES, "told"),
    "migrations.survey_migration": Door(_P.MIGRATE_INSTANCES, "told", only_plans=True),
    "migrations.migrate_instances": Door(_P.MIGRATE_INSTANCES, "told"),
    "systems.list_systems": Door(_P.READ_SYSTEMS, "whole"),
    "systems.set_limit": Door(_P.HANDLE_SYSTEM, "whole"),
    "systems.lift_limit": Door(_P.HANDLE_SYSTEM, "whole"),
    "systems.stop_system": Door(_P.HANDLE_SYSTEM, "whole"),
    "systems.let_system_go": Door(_P.HANDLE_SYSTEM, "whole"),
    # What may be seconded by whom, the request itself says.
    "approvals.list_approvals": KNOWN,
    "approvals.second_request": KNOWN,
    "approvals.refuse_request": KNOWN,
    "audit.list_entries": Door(_P.READ_AUDIT, "whole"),
    "audit.export_entries": Door(_P.READ_AUDIT, "whole"),
    "jobs.list_jobs": Door(_P.READ_JOBS),
    "jobs.read_job": Door(_P.READ_JOBS, "job"),
    "jobs.list_job_items": Door(_P.READ_JOBS, "job"),
    "jobs.start_job": Door(_P.RETRY_INCIDENT, "job"),  # only retries are planned first
    "jobs.pause_job": Door(_P.HANDLE_JOB, "job"),
    "jobs.resume_job": Door(_P.HANDLE_JOB, "job"),
    "jobs.stop_job": Door(_P.HANDLE_JOB, "job"),
}

_DASHBOARD: Final = {
    "dashboard.home": Door(_READ),
    "dashboard.modeler": Door(_P.READ_DEFINITIONS),
    "dashboard.element_templates": Door(_P.READ_DEFINITIONS),
    "dashboard.draw_new": Door(_P.READ_DEFINITIONS),
    "dashboard.draw_draft": Door(_P.READ_DEFINITIONS, "told"),
    "dashboard.draw_version": Door(_P.READ_DEFINITIONS, "process"),
    "dashboard.draw_model": Door(_P.READ_DECISIONS, "whole"),
    "dashboard.check_drawn": Door(_P.DEPLOY_DEFINITION),
    "dashboard.convert_drawn": Door(_P.DEPLOY_DEFINITION, instead=_P.DEPLOY_DECISIONS),
    "dashboard.check_decisions": Door(_P.DEPLOY_DECISIONS, "whole"),
    "dashboard.make_draft": _DRAWING,
    "dashboard.save_draft": _DRAWING,
    "dashboard.remove_draft": _DRAWING,
    "dashboard.forms": Door(_P.READ_DEFINITIONS),
    "dashboard.form": Door(_P.READ_DEFINITIONS),
    "dashboard.form_document": Door(_P.READ_DEFINITIONS),
    "dashboard.draw_form": Door(_P.READ_DEFINITIONS),
    "dashboard.deploy_drawn_form": Door(_P.DEPLOY_DEFINITION, "whole"),
    "dashboard.deploy_drawn": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.deploy_drawn_decisions": Door(_P.DEPLOY_DECISIONS, "whole"),
    "dashboard.instances": Door(_READ),
    "dashboard.instance": Door(_READ, "instance"),
    "dashboard.instance_live": Door(_READ, "instance"),
    "dashboard.instance_element": Door(_READ, "instance"),
    "dashboard.instance_json": Door(_READ, "instance"),
    "dashboard.instance_audit": Door(_P.READ_AUDIT, "whole"),
    "dashboard.plan_rewind": Door(_READ, "instance"),
    "dashboard.plan_move": Door(_READ, "instance"),
    "dashboard.rewind": Door(_P.MOVE_INSTANCE, "instance"),
    "dashboard.move": Door(_P.MOVE_INSTANCE, "instance"),
    "dashboard.complete": Door(_P.MOVE_INSTANCE, "instance"),
    "dashboard.cancel": Door(_P.CANCEL_INSTANCE, "instance"),
    "dashboard.suspend": Door(_P.SUSPEND_INSTANCE, "instance"),
    "dashboard.resume": Door(_P.SUSPEND_INSTANCE, "instance"),
    "dashboard.send": Door(_P.SEND_MESSAGE, "whole"),
    "dashboard.incidents": Door(_READ),
    "dashboard.cause": Door(_READ),
    "dashboard.plan_retry": Door(_P.RETRY_INCIDENT, only_plans=True),
    "dashboard.jobs": Door(_P.READ_JOBS),
    "dashboard.job": Door(_P.READ_JOBS, "job"),
    "dashboard.start_job": Door(_P.RETRY_INCIDENT, "job"),
    "dashboard.pause_job": Door(_P.HANDLE_JOB, "job"),
    "dashboard.resume_job": Door(_P.HANDLE_JOB, "job"),
    "dashboard.stop_job": Door(_P.HANDLE_JOB, "job"),
    "dashboard.retry": Door(_P.RETRY_INCIDENT, "incident"),
    "dashboard.correct": Door(_P.CORRECT_INCIDENT, "incident"),
    "dashboard.skip": Door(_P.SKIP_INCIDENT, "incident"),
    "dashboard.choose": Door(_P.CORRECT_INCIDENT, "incident"),
    "dashboard.tasks": Door(_READ),
    "dashboard.task": Door(_READ, "task"),
    "dashboard.task_form": Door(_READ, "task"),
    "dashboard.take_task": Door(_P.WORK_ON_TASKS, "task"),
    "dashboard.give_back_task": Door(_P.WORK_ON_TASKS, "task"),
    "dashboard.complete_task": Door(_P.WORK_ON_TASKS, "task"),
    "dashboard.processes": Door(_P.READ_DEFINITIONS),
    "dashboard.process": Door(_P.READ_DEFINITIONS, "process"),
    "dashboard.diagram": Door(_P.READ_DEFINITIONS, "process"),
    "dashboard.coverage": Door(_P.READ_DEFINITIONS, "process"),
    "dashboard.deploy": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.test_deployment": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.test_drawn": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.survey_deployment": Door(_P.DEPLOY_DEFINITION, "told", only_plans=True),
    "dashboard.survey_drawn": Door(_P.DEPLOY_DEFINITION, "told", only_plans=True),
    "dashboard.versions": Door(_P.READ_DEFINITIONS, "process"),
    "dashboard.compare": Door(_P.READ_DEFINITIONS, "process"),
    "dashboard.start_instance": Door(_P.START_INSTANCE, "process"),
    "dashboard.withdraw_version": Door(_P.DEPLOY_DEFINITION, "process"),
    "dashboard.restore_version": Door(_P.DEPLOY_DEFINITION, "process"),
    "dashboard.plan_migration": Door(_READ, "process"),
    "dashboard.test_migration": Door(_P.MIGRATE_INSTANCES, "process"),
    "dashboard.survey_migration": Door(_P.MIGRATE_INSTANCES, "process", only_plans=True),
    "dashboard.migrate_instances": Door(_P.MIGRATE_INSTANCES, "process"),
    "dashboard.try_version": Door(_P.READ_DEFINITIONS, "process"),
    "dashboard.try_draft": Door(_P.READ_DEFINITIONS, "told"),
    "dashboard.draft_diagram": Door(_P.READ_DEFINITIONS, "told"),
    "dashboard.begin_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.play_scenarios": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.trial": Door(_P.READ_DEFINITIONS, "told"),
    "dashboard.trial_diagram": Door(_P.READ_DEFINITIONS, "told"),
    "dashboard.trial_scenario": Door(_P.READ_DEFINITIONS, "told"),
    "dashboard.step_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.run_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.act_in_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.close_trial": Door(_P.DEPLOY_DEFINITION, "told"),
    "dashboard.decisions": Door(_P.READ_DECISIONS, "whole"),
    "dashboard.decision": Door(_P.READ_DECISIONS, "whole"),
    "dashboard.decide": Door(_P.READ_DECISIONS, "whole"),
    "dashboard.decision_model": Door(_P.READ_DECISIONS, "whole"),
    "dashboard.deploy_decisions": Door(_P.DEPLOY_DECISIONS, "whole"),
    "dashboard.systems": Door(_P.READ_SYSTEMS, "whole"),
    "dashboard.handlers": Door(_P.READ_SYSTEMS, "whole"),
    "dashboard.workers": Door(_P.READ_SYSTEMS, "whole"),
    "dashboard.limit_system": Door(_P.HANDLE_SYSTEM, "whole"),
    "dashboard.lift_limit": Door(_P.HANDLE_SYSTEM, "whole"),
    "dashboard.stop_system": Door(_P.HANDLE_SYSTEM, "whole"),
    "dashboard.let_system_go": Door(_P.HANDLE_SYSTEM, "whole"),
    "dashboard.approvals": KNOWN,
    "dashboard.second": KNOWN,
    "dashboard.refuse": KNOWN,
    "dashboard.audit": Door(_P.READ_AUDIT, "whole"),
    "dashboard.export_audit": Door(_P.READ_AUDIT, "whole"),
    "dashboard.login": PUBLIC,
    "dashboard.log_in": PUBLIC,
    "dashboard.log_in_by_provider": PUBLIC,
    "dashboard.come_back": PUBLIC,
    "dashboard.log_out": KNOWN,
    "dashboard.log_out_everywhere": KNOWN,
    "dashboard.account": KNOWN,
    "dashboard.change_password": KNOWN,
    "dashboard.make_token": Door(_P.OWN_TOKENS),
    "dashboard.revoke_token": KNOWN,  # one's own
    "dashboard.users": Door(_P.MANAGE_USERS, "whole"),
    "dashboard.add_user": Door(_P.MANAGE_USERS, "whole"),
    "dashboard.grant_user": Door(_P.MANAGE_USERS, "whole"),
    "dashboard.group_user": Door(_P.MANAGE_USERS, "whole"),
    "dashboard.reset_password": Door(_P.MANAGE_USERS, "whole"),
    "dashboard.disable_user": Door(_P.MANAGE_USERS, "whole"),
    "dashboard.enable_user": Door(_P.MANAGE_USERS, "whole"),
    "dashboard.revoke_any_token": Door(_P.MANAGE_USERS, "whole"),
}

_OPEN: Final = {
    "static": PUBLIC,
    "openapi_page": PUBLIC,
    "openapi.openapi": PUBLIC,
    "openapi.doc_url": PUBLIC,
    "openapi.static": PUBLIC,
    "swagger.swagger": PUBLIC,
    "swagger.static": PUBLIC,
    "swagger.oauth2-redirect": PUBLIC,
    "health.read_health": PUBLIC,
    "health.read_readiness": PUBLIC,
    "health.read_metrics": PUBLIC,  # unless TURNUP_METRICS says otherwise: then its view asks for READ_METRICS
}

DOORS: Final[Mapping[str, Door]] = {**_API, **_DASHBOARD, **_OPEN}

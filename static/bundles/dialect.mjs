/* What Turnup's dialect has and Camunda's modeler has not, and the other way round.

   A message is published by `zeebe:publishMessage`: kept, and set in a group of its own. A task for people may have its
   form inside the diagram: Camunda's own rule takes it away at the next change. Groups are left out of the panel
   whose settings every deployment would refuse. */
import FormsBehavior from "camunda-bpmn-js-behaviors/lib/camunda-cloud/FormsBehavior";
import zeebe from "zeebe-bpmn-moddle/resources/zeebe.json";
import { FeelEntry, Group, isFeelEntryEdited } from "@bpmn-io/properties-panel";
import { jsx } from "@bpmn-io/properties-panel/preact/jsx-runtime";
import { useService } from "bpmn-js-properties-panel";

const PUBLISH = "zeebe:PublishMessage";
const SENDERS = ["bpmn:IntermediateThrowEvent", "bpmn:EndEvent"];
const REFUSED = new Set(["jobPriorityDefinition", "jobPriority", "Zeebe__ExecutionListeners", "Zeebe__TaskListeners"]);
const FIELDS = [
  { name: "correlationKey", label: "Correlation key", tooltip: "Who is to get it: those that wait with this key." },
  { name: "messageId", label: "Message id", tooltip: "One that was published before with this id is not published again." },
  { name: "timeToLive", label: "Time to live", tooltip: "How long it lies in the inbox, such as PT1H. Empty: it is for those who wait now." },
];

const text = (name) => ({ name, isAttr: true, type: "String" });

export const moddle = {
  ...zeebe,
  types: [
    ...zeebe.types,
    {
      name: "PublishMessage",
      superClass: ["Element"],
      meta: { allowedIn: ["bpmn:SendTask", "bpmn:MessageEventDefinition"] },
      properties: FIELDS.map(({ name }) => text(name)),
    },
  ],
};

// Where the setting stands: the send task itself, or what makes the event one of messages.
function holderOf({ businessObject }) {
  if (businessObject.$instanceOf("bpmn:SendTask")) return businessObject;
  if (!SENDERS.some((name) => businessObject.$instanceOf(name))) return undefined;
  return (businessObject.eventDefinitions ?? []).find((each) => each.$instanceOf("bpmn:MessageEventDefinition"));
}

const extensionsOf = (holder) => holder.extensionElements?.values ?? [];
const publishedOf = (holder) => extensionsOf(holder).find((each) => each.$type === PUBLISH);

// One command, so that it is undone at once; a setting without a value is none.
function set(element, name, value, { modeling, bpmnFactory }) {
  const holder = holderOf(element);
  const published = publishedOf(holder);
  const values = Object.fromEntries(FIELDS.map((field) => [field.name, field.name === name ? value : published?.get(field.name)]));
  const others = extensionsOf(holder).filter((each) => each !== published);
  const isEmpty = Object.values(values).every((each) => !each);
  const kept = isEmpty ? others : [...others, bpmnFactory.create(PUBLISH, values)];
  const extensionElements = kept.length ? bpmnFactory.create("bpmn:ExtensionElements", { values: kept }) : undefined;
  for (const each of kept) each.$parent = extensionElements;
  if (extensionElements) extensionElements.$parent = holder;
  modeling.updateModdleProperties(element, holder, { extensionElements });
}

function Field(props) {
  const { element, id, field } = props;
  const modeling = useService("modeling");
  const bpmnFactory = useService("bpmnFactory");
  const debounce = useService("debounceInput");
  return jsx(FeelEntry, {
    element,
    id,
    debounce,
    feel: "optional",
    label: field.label,
    tooltip: field.tooltip,
    getValue: () => publishedOf(holderOf(element))?.get(field.name) ?? "",
    setValue: (value) => set(element, field.name, value, { modeling, bpmnFactory }),
  });
}

function groupOf(element) {
  const entries = FIELDS.map((field) => ({ id: `publish-${field.name}`, component: Field, field, isEdited: isFeelEntryEdited }));
  return { id: "publish", label: "Publish the message", component: Group, element, entries };
}

class Panel {
  static $inject = ["propertiesPanel"];

  constructor(propertiesPanel) {
    propertiesPanel.registerProvider(300, this);
  }

  getGroups(element) {
    return (groups) => {
      const left = groups.filter(({ id }) => !REFUSED.has(id));
      if (!holderOf(element)) return left;
      const at = left.findIndex(({ id }) => id === "message") + 1;
      return [...left.slice(0, at), groupOf(element), ...left.slice(at)];
    };
  }
}

class Forms extends FormsBehavior {
  static $inject = FormsBehavior.$inject;

  _registerZeebeUserTaskSupport() {}
}

export const DialectModule = { __init__: ["turnupPanel"], turnupPanel: ["type", Panel], formsBehavior: ["type", Forms] };

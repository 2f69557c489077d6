// An alarm as a list needs it: 50,000 of them fit into a page, 50,000 whole ones do not.

import { priorityOf } from './alarms.js';
import { SEVERITIES } from './badges.js';
import { instant } from './formats.js';
import { titleOf } from './titles.js';

export const FLAGS = {
  active: 1, folded: 2, latched: 4, oneShot: 8, chattering: 16, twoAcknowledge: 32, twoClose: 64,
};

/** A row of an alarm as the live view and `/alarms/{id}` give it. */
export function slimOf(alarm, lang) {
  const priority = priorityOf(alarm);
  return {
    id: alarm.id,
    rule: alarm.rule,
    source: alarm.source,
    priority,
    severity: SEVERITIES[priority - 1],
    state: alarm.state,
    area: alarm.area ?? null,
    device: alarm.device ?? null,
    key: alarm.key === alarm.device ? null : alarm.key ?? null,
    title: titleOf(alarm, lang),
    raisedAt: instant(alarm.raised_at),
    changedAt: instant(alarm.changed_at),
    owner: alarm.assignee ?? alarm.acknowledged_by ?? null,
    version: alarm.version,
    flags: flagsOf(alarm),
    until: instant(alarm.shelved_until),
    incident: alarm.incident ?? null,
    hidden: alarm.hidden_by?.[0]?.kind ?? null,
  };
}

function flagsOf(alarm) {
  const two = alarm.two_person ?? [];
  return (alarm.active ? FLAGS.active : 0)
    | (alarm.folded ? FLAGS.folded : 0)
    | (alarm.latched ? FLAGS.latched : 0)
    | (alarm.one_shot ? FLAGS.oneShot : 0)
    | (alarm.chattering_at ? FLAGS.chattering : 0)
    | (two.includes('acknowledge') ? FLAGS.twoAcknowledge : 0)
    | (two.includes('close') ? FLAGS.twoClose : 0);
}

/** A row of one line of `/alarms/rows`, whose columns are named once for all lines. */
export function rowOf(columns, tuple) {
  const at = Object.fromEntries(columns.map((name, i) => [name, tuple[i]]));
  const priority = SEVERITIES.indexOf(at.severity) + 1 || 4;
  return {
    id: at.id,
    rule: at.rule,
    source: at.source,
    priority,
    severity: SEVERITIES[priority - 1],
    state: at.state,
    area: at.area,
    device: at.device,
    key: at.key,
    title: at.title,
    raisedAt: at.raised_at,
    changedAt: at.changed_at,
    owner: at.owner,
    version: at.version,
    flags: at.flags,
    until: at.until,
    incident: at.incident,
    hidden: at.hidden,
  };
}

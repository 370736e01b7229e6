/* English, of the sidebar. `{name}` stands for a value. German has the same keys; a test compares them. */

import { parts } from '../../../src/service/ui/texts/parts-en.js';

export const en = {
  ...parts,

  // Without roles, or a service
  'delete.text': 'Flows no longer get it. It can be restored.',
  'export.warning': 'The file contains all values unencrypted.',
  'problem.internal': 'Node-RED could not do this. Its log says why.',
  'problem.not_permitted': 'You may not do this.',
  'problem.other': '{detail}',
  'problem.unreachable': 'Node-RED can’t be reached.',

  // Status
  'status.active': 'Active node',
  'status.add': 'Add a Secret Manager node',
  'status.autosync': 'Autosync',
  'status.autosync.60': 'Every 1 min',
  'status.autosync.1800': 'Every 30 min',
  'status.autosync.3600': 'Every 60 min',
  'status.autosync.43200': 'Every 12 hours',
  'status.autosync.86400': 'Every 24 hours',
  'status.checkedAt': 'Confirmed at',
  'status.contextKey': 'Context key',
  'status.deploy': 'Changed here; in effect after a deploy.',
  'status.go': 'Go to {label}',
  'status.heading': 'Status',
  'status.kind.builtin': 'Built-in',
  'status.kind.service': 'Secret Manager service',
  'status.live': 'Changes arrive at once',
  'status.locked': 'Its flow is locked.',
  'status.nextAt': 'Next sync',
  'status.none':
    'There is no Secret Manager node in the flows. It brings secrets into global context.',
  'status.notDeployed': 'Not deployed yet',
  'status.source': 'Source',
  'status.space': 'Space',
  'status.standby': 'Standing by',
  'status.standbyText': 'One node is active for a context key. The others take over when it goes.',
  'status.syncedAt': 'Synced at',
  'status.syncNow': 'Sync now',
  'status.synced': 'Secrets synced',
  'status.syncOnSave': 'Sync on Save',
  'error.denied': 'The source refuses access: the access token is wrong, expired or revoked.',
  'error.internal': 'Something went wrong inside. Node-RED’s log says more.',
  'error.invalid': 'What the source answered can’t be used.',
  'error.misconfigured': 'Something has to be set up first.',
  'error.native-missing': 'The package has no native part for this platform.',
  'error.throttled': 'The source asks to wait.',
  'error.unavailable': 'The source can’t be reached or doesn’t answer.',

  // Secrets
  'usage.by': 'Used by',
  'usage.every': 'These nodes read all secrets, or compute which one; more may be in use:',
  'usage.filter': 'Show',
  'usage.filter.all': 'All',
  'usage.filter.deleted': 'Deleted',
  'usage.filter.unused': 'Unused',
  'usage.hidden': 'Password fields count as they were deployed.',
  'usage.in': '{label} in {flow}',
  'usage.less': 'fewer',
  'usage.missing.one': '{count} key is used, but missing',
  'usage.missing.other': '{count} keys are used, but missing',
  'usage.more': '{count} more',
  'usage.unused': 'Unused',
  'vault.key':
    'The vault opens with the key in {path}. Keep a copy of that file apart: without it the secrets can’t be read.',
  'vault.keyCreated':
    'The key of the vault was created in {path}. Keep a copy of that file apart: without it the secrets can’t be read.',
  'service.edit': 'Secrets are edited where they come from:',
  'service.editThere': 'open the space',
};

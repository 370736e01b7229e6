/* Deutsch, für die Seitenleiste. Dieselben Schlüssel wie auf Englisch; ein Test vergleicht sie. */

import { parts } from '../../../src/service/ui/texts/parts-de.js';

/** @type {Record<keyof typeof import('./en.js').en, string>} */
export const de = {
  ...parts,

  // Ohne Rollen, oder ohne Dienst
  'delete.text': 'Flows bekommen es nicht mehr. Es kann wiederhergestellt werden.',
  'export.warning': 'Die Datei enthält alle Werte unverschlüsselt.',
  'problem.internal': 'Node-RED konnte das nicht tun. Sein Log sagt, warum.',
  'problem.not_permitted': 'Das dürfen Sie nicht.',
  'problem.other': '{detail}',
  'problem.unreachable': 'Node-RED ist nicht erreichbar.',

  // Status
  'status.active': 'Aktiver Node',
  'status.add': 'Secret-Manager-Node hinzufügen',
  'status.autosync': 'Autosync',
  'status.autosync.60': 'Jede Minute',
  'status.autosync.1800': 'Alle 30 Minuten',
  'status.autosync.3600': 'Alle 60 Minuten',
  'status.autosync.43200': 'Alle 12 Stunden',
  'status.autosync.86400': 'Alle 24 Stunden',
  'status.checkedAt': 'Bestätigt am',
  'status.contextKey': 'Kontextschlüssel',
  'status.deploy': 'Hier geändert; gilt nach dem Übernehmen (Deploy).',
  'status.go': 'Zu {label}',
  'status.heading': 'Status',
  'status.kind.builtin': 'Eingebaut',
  'status.kind.service': 'Secret-Manager-Dienst',
  'status.live': 'Änderungen kommen sofort an',
  'status.locked': 'Sein Flow ist gesperrt.',
  'status.nextAt': 'Nächster Sync',
  'status.none':
    'In den Flows ist kein Secret-Manager-Node. Er bringt Secrets in den globalen Kontext.',
  'status.notDeployed': 'Noch nicht übernommen',
  'status.source': 'Quelle',
  'status.space': 'Space',
  'status.standby': 'In Bereitschaft',
  'status.standbyText':
    'Je Kontextschlüssel ist ein Node aktiv. Die anderen übernehmen, wenn er geht.',
  'status.syncedAt': 'Synchronisiert am',
  'status.syncNow': 'Jetzt synchronisieren',
  'status.synced': 'Secrets synchronisiert',
  'status.syncOnSave': 'Sync on Save',
  'error.denied':
    'Die Quelle verweigert den Zugriff: Das Zugriffstoken ist falsch, abgelaufen oder widerrufen.',
  'error.internal': 'Im Innern ist etwas schiefgegangen. Das Log von Node-RED sagt mehr.',
  'error.invalid': 'Was die Quelle geantwortet hat, ist nicht zu gebrauchen.',
  'error.misconfigured': 'Zuerst muss etwas eingerichtet werden.',
  'error.native-missing': 'Das Paket hat keinen nativen Teil für diese Plattform.',
  'error.throttled': 'Die Quelle bittet zu warten.',
  'error.unavailable': 'Die Quelle ist nicht erreichbar oder antwortet nicht.',

  // Secrets
  'usage.by': 'Verwendet von',
  'usage.every':
    'Diese Nodes lesen alle Secrets oder berechnen, welches; es können also mehr in Gebrauch sein:',
  'usage.filter': 'Anzeigen',
  'usage.filter.all': 'Alle',
  'usage.filter.deleted': 'Gelöschte',
  'usage.filter.unused': 'Unbenutzte',
  'usage.hidden': 'Passwortfelder zählen, wie sie übernommen wurden (Deploy).',
  'usage.in': '{label} in {flow}',
  'usage.less': 'weniger',
  'usage.missing.one': '{count} Schlüssel wird verwendet, fehlt aber',
  'usage.missing.other': '{count} Schlüssel werden verwendet, fehlen aber',
  'usage.more': '{count} weitere',
  'usage.unused': 'Unbenutzt',
  'vault.key':
    'Der Tresor öffnet sich mit dem Schlüssel in {path}. Heben Sie eine Kopie dieser Datei getrennt auf: Ohne sie sind die Secrets nicht lesbar.',
  'vault.keyCreated':
    'Der Schlüssel des Tresors wurde in {path} angelegt. Heben Sie eine Kopie dieser Datei getrennt auf: Ohne sie sind die Secrets nicht lesbar.',
  'service.edit': 'Bearbeitet werden Secrets dort, wo sie herkommen:',
  'service.editThere': 'den Space öffnen',
};

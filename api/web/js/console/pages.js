// The pages of the console, in the order of the header. A page's module is asked for when it is first shown;
// it exports `class Page { constructor(root, ctx); show(view); update(change); command(name); hide() }`.
// `whole`: only for those who may see the whole province; `role`: only from this role on; `isAside`: reached
// from another page, and not in the header.

export const PAGES = [
  { name: 'alarms', label: 'nav.alarms', load: () => import('./alarms.js') },
  { name: 'incidents', label: 'nav.incidents', load: () => import('./incidents.js') },
  { name: 'map', label: 'nav.map', load: () => import('./map_page.js') },
  { name: 'services', label: 'nav.services', load: () => import('./services.js') },
  { name: 'sources', label: 'nav.sources', load: () => import('./sources.js') },
  { name: 'charts', label: 'nav.charts', load: () => import('./charts_page.js') },
  { name: 'dead-letters', label: 'nav.dead_letters', load: () => import('./dead_letters.js'), whole: true, role: 'operator' },
  { name: 'deliveries', label: 'nav.deliveries', load: () => import('./deliveries.js'), whole: true, role: 'operator' },
  { name: 'kpis', label: 'nav.kpis', load: () => import('./kpis.js') },
  { name: 'rules', label: 'nav.rules', load: () => import('./rules.js') },
  { name: 'ledger', label: 'nav.ledger', load: () => import('./ledger.js'), isAside: true },
];

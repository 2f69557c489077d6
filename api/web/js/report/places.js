// Areas by name on the report.

/** `name(code)`: in full; without a code the whole province, and one whose name has not come keeps its code. */
export function placeNames(areas, say) {
  const names = new Map(areas.map((area) => [area.code, fullName(area, say)]));
  return (code) => (code ? names.get(code) ?? code : say('area.all'));
}

export function fullName({ kind, name }, say) {
  if (kind === 'ward') return say('report.ward', { name });
  return kind === 'commune' ? say('report.commune', { name }) : name;
}

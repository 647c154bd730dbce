// Names of the core as the package spells them.

export const camelCase = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

export const camelCased = (object) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [camelCase(name), value]));

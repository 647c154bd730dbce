// One copy of every class: the module that `require` gives, under the names that `import` wants.
export * from './dist/index.js';

;; A core module, no component.
(module (memory (export "memory") 1))

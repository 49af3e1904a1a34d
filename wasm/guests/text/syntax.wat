;; A mistake: the last bracket is missing.
(component
  (core module $module (memory 1)
)

;; It exports the tasks, but its functions are others.
(component
  (component $guest
    (core module $module
      (func (export "list") (result i32) i32.const 0)
      (func (export "call") (param i32) (result i32) local.get 0))
    (core instance $instance (instantiate $module))
    (func (export "list") (result u32) (canon lift (core func $instance "list")))
    (func (export "call") (param "task" u32) (result u32) (canon lift (core func $instance "call"))))
  (instance $tasks (instantiate $guest))
  (export "raddle:guest/tasks@1.0.0" (instance $tasks)))

;; It exports the tasks without `call`.
(component
  (component $guest
    (core module $module
      (func (export "list") (result i32) i32.const 0))
    (core instance $instance (instantiate $module))
    (func (export "list") (result u32) (canon lift (core func $instance "list"))))
  (instance $tasks (instantiate $guest))
  (export "raddle:guest/tasks@1.0.0" (instance $tasks)))

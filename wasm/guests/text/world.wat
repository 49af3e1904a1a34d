;; The world of `raddle.wit`, around one of the core modules in `modules`, which takes the place of MODULE.
;;
;; The module exports: `memory`; `realloc`; `list`, which returns the address of (address, length) of its tasks; `call`, which gets the
;; number of a task and the address and length of its argument, and returns the address of its result; `after`, which is called with that
;; address when the host has read it.
;;
;; A task has 28 bytes: 0 name, 8 encoding (2 is bytes), 12 argument, 20 result. A text is (address, length).
;; A result: 0 is 0 and 4 is (address, length) of bytes; or 0 is 1, 4 the number of a failure's case, and 8 its text.
(component
  (component $guest
    (type $encoding-type (enum "message-pack" "json" "bytes"))
    (export $encoding "encoding" (type $encoding-type))
    (type $task-type (record
      (field "name" string) (field "encoding" $encoding) (field "argument" string) (field "result" string)))
    (export $task "task" (type $task-type))
    (type $failure-type (variant
      (case "no-such-task") (case "bad-argument" string) (case "bad-result" string) (case "failed" string)))
    (export $failure "failure" (type $failure-type))

    (core module $module MODULE)
    (core instance $instance (instantiate $module))
    (alias core export $instance "memory" (core memory $memory))
    (alias core export $instance "list" (core func $list))
    (alias core export $instance "call" (core func $call))
    (alias core export $instance "realloc" (core func $realloc))
    (alias core export $instance "after" (core func $after))

    (func (export "list") (result (list $task))
      (canon lift (core func $list) (memory $memory)))
    (func (export "call") (param "task" u32) (param "argument" (list u8)) (result (result (list u8) (error $failure)))
      (canon lift (core func $call) (memory $memory) (realloc $realloc) (post-return $after))))

  (instance $tasks (instantiate $guest))
  (export "raddle:guest/tasks@1.0.0" (instance $tasks)))

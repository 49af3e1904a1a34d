  ;; One task, `echo`, of which nothing is wrong.
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 1024))
  (data (i32.const 8) "echo" "bytes")
  ;; (address, length) of the list, and the list
  (data (i32.const 32) "\28\00\00\00\01\00\00\00"
    "\08\00\00\00\04\00\00\00\02\00\00\00\0c\00\00\00\05\00\00\00\0c\00\00\00\05\00\00\00")
  (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
    global.get $free
    (global.set $free (i32.add (global.get $free) (local.get $size)))
    ;; As much more memory as that takes.
    (if (i32.gt_u (global.get $free) (i32.shl (memory.size) (i32.const 16)))
      (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16))))))))
  (func (export "list") (result i32)
    i32.const 32)
  (func (export "call") (param $task i32) (param $address i32) (param $length i32) (result i32)
    (i32.store (i32.const 128) (i32.const 0))
    (i32.store (i32.const 132) (local.get $address))
    (i32.store (i32.const 136) (local.get $length))
    i32.const 128)
  (func (export "after") (param i32)
    (global.set $free (i32.const 1024)))

  ;; The task `grow` asks again and again for more memory than it allows itself, then for what it allows. It says how many pages it has
  ;; then (4 bytes, the lowest first).
  (memory (export "memory") 1 3)
  (data (i32.const 8) "grow" "bytes")
  (data (i32.const 32) "\28\00\00\00\01\00\00\00"
    "\08\00\00\00\04\00\00\00\02\00\00\00\0c\00\00\00\05\00\00\00\0c\00\00\00\05\00\00\00")
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    i32.const 1024)
  (func (export "list") (result i32)
    i32.const 32)
  (func (export "call") (param i32 i32 i32) (result i32)
    (local $times i32)
    (loop $again
      (drop (memory.grow (i32.const 3)))
      (local.set $times (i32.add (local.get $times) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $times) (i32.const 10))))
    (drop (memory.grow (i32.const 2)))
    (i32.store (i32.const 256) (memory.size))
    (i32.store (i32.const 132) (i32.const 256))
    (i32.store (i32.const 136) (i32.const 4))
    i32.const 128)
  (func (export "after") (param i32))

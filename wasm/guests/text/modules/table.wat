  ;; The task `grow` grows a table until nobody gives it more, and says how many elements it has then (4 bytes, the lowest first).
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (data (i32.const 8) "grow" "bytes")
  (data (i32.const 32) "\28\00\00\00\01\00\00\00"
    "\08\00\00\00\04\00\00\00\02\00\00\00\0c\00\00\00\05\00\00\00\0c\00\00\00\05\00\00\00")
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    i32.const 1024)
  (func (export "list") (result i32)
    i32.const 32)
  (func (export "call") (param i32 i32 i32) (result i32)
    (loop $again
      (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 10000)) (i32.const -1))))
    (i32.store (i32.const 256) (table.size $table))
    (i32.store (i32.const 132) (i32.const 256))
    (i32.store (i32.const 136) (i32.const 4))
    i32.const 128)
  (func (export "after") (param i32))

  ;; Two tasks have the same name.
  (memory (export "memory") 1)
  (data (i32.const 8) "\ff\fe name" "bytes")
  (data (i32.const 32) "\28\00\00\00\02\00\00\00"
    "\0b\00\00\00\04\00\00\00\02\00\00\00\0f\00\00\00\05\00\00\00\0f\00\00\00\05\00\00\00"
    "\0b\00\00\00\04\00\00\00\02\00\00\00\0f\00\00\00\05\00\00\00\0f\00\00\00\05\00\00\00")
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    i32.const 1024)
  (func (export "list") (result i32)
    i32.const 32)
  (func (export "call") (param i32 i32 i32) (result i32)
    unreachable)
  (func (export "after") (param i32))

  ;; The tasks take bytes and answer nonsense, each its own. An argument of 77 bytes gets an address outside of the memory, one of 78
  ;; bytes traps while it is taken over.
  (memory (export "memory") 2)
  (data (i32.const 8) "bytes" "\ff\fe a text \80")
  ;; The names, 16 bytes each.
  (data (i32.const 256)
    "well\00\00\00\00\00\00\00\00\00\00\00\00"
    "outside\00\00\00\00\00\00\00\00\00"
    "huge\00\00\00\00\00\00\00\00\00\00\00\00"
    "edge\00\00\00\00\00\00\00\00\00\00\00\00"
    "discriminant\00\00\00\00"
    "failure\00\00\00\00\00\00\00\00\00"
    "text\00\00\00\00\00\00\00\00\00\00\00\00"
    "text-outside\00\00\00\00"
    "result-outside\00\00"
    "misaligned\00\00\00\00\00\00"
    "empty-outside\00\00\00"
    "long-text\00\00\00\00\00\00\00"
    "no-such-task\00\00\00\00"
    "bad-argument\00\00\00\00"
    "bad-result\00\00\00\00\00\00"
    "after\00\00\00\00\00\00\00\00\00\00\00")
  (func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (if (i32.eq (local.get $size) (i32.const 77)) (then (return (i32.const 0x7fff0000))))
    (if (i32.eq (local.get $size) (i32.const 78)) (then unreachable))
    i32.const 65536)
  (func $length (param $text i32) (result i32) (local $length i32)
    (loop $next
      (if (i32.load8_u (i32.add (local.get $text) (local.get $length)))
        (then
          (local.set $length (i32.add (local.get $length) (i32.const 1)))
          (br $next))))
    local.get $length)
  (func (export "list") (result i32) (local $task i32) (local $name i32) (local $at i32)
    (loop $next
      (local.set $name (i32.add (i32.const 256) (i32.mul (local.get $task) (i32.const 16))))
      (local.set $at (i32.add (i32.const 1024) (i32.mul (local.get $task) (i32.const 28))))
      (i32.store offset=0 (local.get $at) (local.get $name))
      (i32.store offset=4 (local.get $at) (call $length (local.get $name)))
      (i32.store offset=8 (local.get $at) (i32.const 2))
      (i32.store offset=12 (local.get $at) (i32.const 8))
      (i32.store offset=16 (local.get $at) (i32.const 5))
      (i32.store offset=20 (local.get $at) (i32.const 8))
      (i32.store offset=24 (local.get $at) (i32.const 5))
      (local.set $task (i32.add (local.get $task) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $task) (i32.const 16))))
    (i32.store (i32.const 64) (i32.const 1024))
    (i32.store (i32.const 68) (local.get $task))
    i32.const 64)
  ;; Four words of a result.
  (func $answer (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32)
    (i32.store offset=0 (i32.const 128) (local.get $a))
    (i32.store offset=4 (i32.const 128) (local.get $b))
    (i32.store offset=8 (i32.const 128) (local.get $c))
    (i32.store offset=12 (i32.const 128) (local.get $d))
    i32.const 128)
  (func (export "call") (param $task i32) (param $address i32) (param $length i32) (result i32)
    (global.set $last (local.get $task))
    (block $well (block $outside (block $huge (block $edge (block $discriminant (block $failure (block $text (block $text-outside
    (block $result-outside (block $misaligned (block $empty-outside (block $long-text (block $no-such-task (block $bad-argument
    (block $bad-result
      (br_table $well $outside $huge $edge $discriminant $failure $text $text-outside $result-outside $misaligned $empty-outside
        $long-text $no-such-task $bad-argument $bad-result $well (local.get $task)))
    (; bad-result ;) (return (call $answer (i32.const 1) (i32.const 2) (i32.const 8) (i32.const 5))))
    (; bad-argument ;) (return (call $answer (i32.const 1) (i32.const 1) (i32.const 8) (i32.const 5))))
    (; no-such-task ;) (return (call $answer (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))))
    (; long-text ;)
      (memory.fill (i32.const 65536) (i32.const 97) (i32.const 65536))
      (return (call $answer (i32.const 1) (i32.const 3) (i32.const 65536) (i32.const 65536))))
    (; empty-outside ;) (return (call $answer (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0))))
    (; misaligned ;)
      (drop (call $answer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
      (return (i32.const 129)))
    (; result-outside ;) (return (i32.const -16)))
    (; text-outside ;) (return (call $answer (i32.const 1) (i32.const 3) (i32.const 0x7fff0000) (i32.const 4))))
    (; text ;) (return (call $answer (i32.const 1) (i32.const 3) (i32.const 13) (i32.const 11))))
    (; failure ;) (return (call $answer (i32.const 1) (i32.const 9) (i32.const 8) (i32.const 5))))
    (; discriminant ;) (return (call $answer (i32.const 7) (i32.const 8) (i32.const 5) (i32.const 0))))
    (; edge ;) (return (call $answer (i32.const 0) (i32.const 131070) (i32.const 4) (i32.const 0))))
    (; huge ;) (return (call $answer (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))))
    (; outside ;) (return (call $answer (i32.const 0) (i32.const 0x7fff0000) (i32.const 4) (i32.const 0))))
    (; well, after ;) (call $answer (i32.const 0) (local.get $address) (local.get $length) (i32.const 0)))
  (global $last (mut i32) (i32.const 0))
  ;; The task `after` gave its result, and traps now.
  (func (export "after") (param i32)
    (if (i32.eq (global.get $last) (i32.const 15)) (then unreachable)))

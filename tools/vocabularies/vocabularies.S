/* The tables of src/text/rank_table.h, as bytes of the binary. */
        .section .rodata
        .macro table name, file
        .globl recloser_\name\()_begin
        .globl recloser_\name\()_end
        .balign 64
recloser_\name\()_begin:
        .incbin "\file"
recloser_\name\()_end:
        .endm

        table o200k, o200k.ranks
        table cl100k, cl100k.ranks

        .section .note.GNU-stack, "", @progbits

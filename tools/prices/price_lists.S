/* The texts that src/price/catalogue_reader.h reads, as bytes of the binary. */
        .section .rodata
        .macro text name, file
        .globl recloser_\name\()_begin
        .globl recloser_\name\()_end
recloser_\name\()_begin:
        .incbin "\file"
recloser_\name\()_end:
        .endm

        text prices, catalogue.json
        text price_overlay, overlay.json

        .section .note.GNU-stack, "", @progbits

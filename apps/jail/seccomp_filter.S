/* The system call filter as make_filter wrote it, FILTER_FILE. */
    .section .rodata
    .balign 8
    .global evergrass_seccomp_filter
evergrass_seccomp_filter:
    .incbin FILTER_FILE
    .global evergrass_seccomp_filter_end
evergrass_seccomp_filter_end:
    .section .note.GNU-stack,"",%progbits

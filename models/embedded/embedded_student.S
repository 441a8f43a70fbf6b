// The file of the shipped student as bytes of the program, which then needs no file beside it.
        .section .rodata
        .balign 64
        .global samsr_embedded_student_begin
        .global samsr_embedded_student_end
samsr_embedded_student_begin:
        .incbin SAMSR_EMBEDDED_STUDENT
samsr_embedded_student_end:
        .section .note.GNU-stack, "", %progbits

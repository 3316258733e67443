/* The sample function's source, linked in whole, so that `evergrass up` needs only its bin folder. */
.section .rodata

.globl evergrass_sensor_average_py
.globl evergrass_sensor_average_py_end
evergrass_sensor_average_py:
.incbin "examples/sample/sensor_average.py"
evergrass_sensor_average_py_end:
.byte 0

.section .note.GNU-stack, "", %progbits

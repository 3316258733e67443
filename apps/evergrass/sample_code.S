/* Samples, linked in whole, so that `evergrass` needs only its bin folder. */
.section .rodata

.globl evergrass_sensor_average_py
.globl evergrass_sensor_average_py_end
evergrass_sensor_average_py:
.incbin "examples/sample/sensor_average.py"
evergrass_sensor_average_py_end:
.byte 0

/* What `evergrass device add` puts beside a device's keys. */
.globl evergrass_device_py
.globl evergrass_device_py_end
evergrass_device_py:
.incbin "examples/device/device.py"
evergrass_device_py_end:
.byte 0

.globl evergrass_device_readme
.globl evergrass_device_readme_end
evergrass_device_readme:
.incbin "examples/device/README.txt"
evergrass_device_readme_end:
.byte 0

.section .note.GNU-stack, "", %progbits

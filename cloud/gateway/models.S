/* The service models of models/, linked in whole: evergrass_model_NAME up to evergrass_model_NAME_end. */
.section .rodata

.macro model symbol, file
.balign 16
.globl evergrass_model_\symbol
.globl evergrass_model_\symbol\()_end
evergrass_model_\symbol:
.incbin "\file"
evergrass_model_\symbol\()_end:
.byte 0
.endm

model greengrass, "models/greengrass.json"
model iot, "models/iot.json"
model iot_data, "models/iot-data.json"
model iot_jobs_data, "models/iot-jobs-data.json"
model lambda, "models/lambda.json"
model secretsmanager, "models/secretsmanager.json"
model logs, "models/logs.json"
model iam, "models/iam.json"
model sts, "models/sts.json"

.section .note.GNU-stack, "", %progbits

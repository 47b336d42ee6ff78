/* A driver library for tests, to be built as libnvidia-ml.so.1: one board, whose answers are read at the time
 * of each call from small files of decimal numbers in the folder that NVML_STUB_DIR names.
 *
 * Files and what counts without them: init_rc 0, board_rc 0 (return code of every call about the board),
 * temp_rc 0, temp 55 (deg C), margin 34 (K), reasons 0 (mask), power_mw 318000, memory_rc 3, memory 92 (deg C).
 *
 * -DNO_MARGIN leaves the margin call out; -DOLD_DRIVER that one and two others, under their old names instead.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *device_t;
enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, VERSION_MISMATCH = 25 };

static long long number(const char *name, long long otherwise)
{
    char path[4096];
    long long value = otherwise;
    snprintf(path, sizeof path, "%s/%s", getenv("NVML_STUB_DIR"), name);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%lld", &value) != 1)
            value = otherwise;
        fclose(file);
    }
    return value;
}

static int board(void) { return (int)number("board_rc", SUCCESS); }

static int text(char *to, unsigned length, const char *from)
{
    snprintf(to, length, "%s", from);
    return board();
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; return (int)number("init_rc", SUCCESS); }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return SUCCESS; }
const char *nvmlErrorString(int code) { (void)code; return "stub"; }

int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, device_t *device)
{
    *device = (device_t)1;
    return index == 0 ? SUCCESS : INVALID_ARGUMENT;
}
int nvmlDeviceGetName(device_t device, char *name, unsigned length) { (void)device; return text(name, length, "Stub"); }
int nvmlDeviceGetUUID(device_t device, char *uuid, unsigned length)
{
    (void)device;
    return text(uuid, length, "GPU-00000000-stub");
}

static int temperature(unsigned *celsius)
{
    int code = board();
    *celsius = (unsigned)number("temp", 55);
    return code != SUCCESS ? code : (int)number("temp_rc", SUCCESS);
}

int nvmlDeviceGetTemperature(device_t device, int sensor, unsigned *celsius)
{
    (void)device;
    return sensor == 0 ? temperature(celsius) : INVALID_ARGUMENT;
}

#ifndef OLD_DRIVER
struct temperature_v1 { unsigned version; int sensor; int celsius; };

int nvmlDeviceGetTemperatureV(device_t device, struct temperature_v1 *asked)
{
    unsigned celsius;
    (void)device;
    if (asked->version != (sizeof *asked | 1u << 24))
        return VERSION_MISMATCH;
    int code = temperature(&celsius);
    asked->celsius = (int)celsius;
    return asked->sensor == 0 ? code : INVALID_ARGUMENT;
}
#endif

#if !defined(NO_MARGIN) && !defined(OLD_DRIVER)
struct margin_v1 { unsigned version; int kelvins; };

int nvmlDeviceGetMarginTemperature(device_t device, struct margin_v1 *asked)
{
    (void)device;
    if (asked->version != (sizeof *asked | 1u << 24))
        return VERSION_MISMATCH;
    asked->kelvins = (int)number("margin", 34);
    return board();
}
#endif

int nvmlDeviceGetTemperatureThreshold(device_t device, unsigned threshold, unsigned *celsius)
{
    static const unsigned thresholds[] = {92, 89, 105, 87}; /* shutdown, slowdown, memory, board */
    (void)device;
    if (threshold >= 4)
        return NOT_SUPPORTED;
    *celsius = thresholds[threshold];
    return board();
}

#ifdef OLD_DRIVER
int nvmlDeviceGetCurrentClocksThrottleReasons(device_t device, unsigned long long *reasons)
#else
int nvmlDeviceGetCurrentClocksEventReasons(device_t device, unsigned long long *reasons)
#endif
{
    (void)device;
    *reasons = (unsigned long long)number("reasons", 0);
    return board();
}

int nvmlDeviceGetPowerUsage(device_t device, unsigned *milliwatts)
{
    (void)device;
    *milliwatts = (unsigned)number("power_mw", 318000);
    return board();
}
int nvmlDeviceGetEnforcedPowerLimit(device_t device, unsigned *milliwatts)
{
    (void)device;
    *milliwatts = 450000;
    return board();
}
int nvmlDeviceGetFanSpeed(device_t device, unsigned *percent) { (void)device; (void)percent; return NOT_SUPPORTED; }

struct field_value {
    unsigned field, scope;
    long long timestamp, latency;
    unsigned type;
    int code;
    union { double real; unsigned whole; unsigned long long wide; } value;
};

int nvmlDeviceGetFieldValues(device_t device, int count, struct field_value *values)
{
    (void)device;
    for (int index = 0; index < count; index++) {
        values[index].type = 1; /* unsigned int */
        values[index].code = values[index].field == 82 ? (int)number("memory_rc", NOT_SUPPORTED) : NOT_SUPPORTED;
        values[index].value.whole = (unsigned)number("memory", 92);
    }
    return board();
}

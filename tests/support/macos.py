"""Verbatim output of macOS programs on real machines."""

# powermetrics --samplers thermal on an M2 with macOS 26; the blank lines are real.
THERMAL = """Machine model: Mac14,2
OS version: 25B78
Boot arguments:
Boot time: Sun Nov 23 10:19:29 2025

*** Sampled system activity (Wed Dec 17 09:48:34 2025 +0100) (5001.07ms elapsed) ***

**** Thermal pressure ****

Current pressure level: Nominal

"""

# powermetrics --samplers smc on an Intel iMac19,1.
SMC = """**** SMC sensors ****

CPU Thermal level: 0
GPU Thermal level: 0
IO Thermal level: 0
Fan: 1198 rpm
CPU die temperature: 47.42 C
GPU die temperature: 41.00 C
CPU Plimit: 0.00
GPU Plimit (Int): 0.00
GPU2 Plimit (Ext1): 0.00
"""

# pmset -g therm on Apple Silicon, while it is throttling as well as when it is cool; then on Intel.
PMSET = """Note: No thermal warning level has been recorded
Note: No performance warning level has been recorded
Note: No CPU power status has been recorded
"""
PMSET_INTEL = "CPU_Scheduler_Limit \t= 40\nCPU_Available_CPUs \t= 8\nCPU_Speed_Limit \t= 28\n"

# notifyutil -g com.apple.system.thermalpressurelevel
NOTIFYUTIL = "com.apple.system.thermalpressurelevel 0\n"

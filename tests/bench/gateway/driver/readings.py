"""What the kernel says of a process: time on the processor, memory, threads."""

import os
import pathlib


def tasks(pid):
    return [int(task) for task in os.listdir(f"/proc/{pid}/task")]


def cpu_ns(pid):
    """Nanoseconds on a processor so far, by thread."""
    times = {}
    for task in tasks(pid):
        try:
            text = pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread ended in between
        times[task] = int(text.split()[0])
    return times


def spent(before, after):
    """Nanoseconds between two readings: of the busiest thread, and of all."""
    each = [time - before.get(task, 0) for task, time in after.items()]
    return max(each), sum(each)


def busiest(before, after):
    return max(after, key=lambda task: after[task] - before.get(task, 0))


def rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def traced(task):
    """Whether a debugger (strace) holds the thread, or it has ended."""
    try:
        status = pathlib.Path(f"/proc/{task}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    for line in status.splitlines():
        if line.startswith("TracerPid:"):
            return int(line.split()[1]) != 0
    return False


def core_ticks(core):
    """Clock ticks a processor has worked so far, whoever for; stolen time included."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        words = line.split()
        if words[0] == f"cpu{core}":
            user, nice, system, _, _, irq, softirq, steal = map(int, words[1:9])
            return user + nice + system + irq + softirq + steal
    return 0


def machine():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    system = os.uname()
    return {"processor": model, "cores": os.cpu_count(), "kernel": system.release,
            "architecture": system.machine}

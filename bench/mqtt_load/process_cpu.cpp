#include "bench/mqtt_load/process_cpu.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace mqtt_load {

std::int64_t cpu_nanoseconds(pid_t pid) {
    if (pid == 0) {
        return 0;
    }
    std::int64_t total = 0;
    std::error_code failed;
    const auto tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, failed)) {
        std::int64_t on_cpu = 0;
        if (std::ifstream(task.path() / "schedstat") >> on_cpu) {
            total += on_cpu;
        }
    }
    if (failed) {
        throw std::runtime_error("no process " + std::to_string(pid) + "; did the broker end?");
    }
    return total;
}

std::int64_t now_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace mqtt_load

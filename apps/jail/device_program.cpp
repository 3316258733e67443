#include "apps/jail/device_program.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace evergrass::jail {
namespace {

bpf_insn instruction(int code, int to, int from, int offset, int value) {
    bpf_insn made{};
    made.code = static_cast<__u8>(code);
    made.dst_reg = static_cast<__u8>(to) & 0xf;
    made.src_reg = static_cast<__u8>(from) & 0xf;
    made.off = static_cast<__s16>(offset);
    made.imm = value;
    return made;
}

// Registers: 2 the device's type, 3 the access asked for, 4 its major number, 5 its minor one.
constexpr int type_register = 2;
constexpr int access_register = 3;
constexpr int major_register = 4;
constexpr int minor_register = 5;
constexpr int scratch = 1;

std::vector<bpf_insn> head() {
    return {
        instruction(BPF_LDX | BPF_MEM | BPF_W, type_register, BPF_REG_1, 0, 0),
        instruction(BPF_ALU | BPF_AND | BPF_K, type_register, 0, 0, 0xffff),
        instruction(BPF_LDX | BPF_MEM | BPF_W, access_register, BPF_REG_1, 0, 0),
        instruction(BPF_ALU | BPF_RSH | BPF_K, access_register, 0, 0, 16),
        instruction(BPF_LDX | BPF_MEM | BPF_W, major_register, BPF_REG_1, 4, 0),
        instruction(BPF_LDX | BPF_MEM | BPF_W, minor_register, BPF_REG_1, 8, 0),
    };
}

int access_of(const char* letters) {
    int access = 0;
    for (; *letters != '\0'; ++letters) {
        access |= *letters == 'r'   ? BPF_DEVCG_ACC_READ
                  : *letters == 'w' ? BPF_DEVCG_ACC_WRITE
                  : *letters == 'm' ? BPF_DEVCG_ACC_MKNOD
                                    : 0;
    }
    return access;
}

void add_rule(std::vector<bpf_insn>& program, const std::string& rule) {
    std::vector<bpf_insn> part;
    const int type = rule[0] == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    const auto colon = rule.find(':');
    const auto space = rule.find(' ', colon);
    const auto major_text = rule.substr(2, colon - 2);
    const auto minor_text = rule.substr(colon + 1, space - colon - 1);
    part.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, type_register, 0, 0, type));
    // Does it ask for more than the rule gives?
    part.push_back(instruction(BPF_ALU | BPF_MOV | BPF_X, scratch, access_register, 0, 0));
    part.push_back(
        instruction(BPF_ALU | BPF_AND | BPF_K, scratch, 0, 0, access_of(rule.c_str() + space + 1)));
    part.push_back(instruction(BPF_JMP | BPF_JNE | BPF_X, scratch, access_register, 0, 0));
    if (major_text != "*") {
        part.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, major_register, 0, 0,
                                   std::atoi(major_text.c_str())));
    }
    if (minor_text != "*") {
        part.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, minor_register, 0, 0,
                                   std::atoi(minor_text.c_str())));
    }
    part.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1));
    part.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (BPF_CLASS(part[i].code) == BPF_JMP && BPF_OP(part[i].code) == BPF_JNE) {
            part[i].off = static_cast<__s16>(part.size() - i - 1);
        }
    }
    program.insert(program.end(), part.begin(), part.end());
}

long bpf(int command, bpf_attr& attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

}  // namespace

bool attach_device_program(const std::string& cgroup, const std::vector<std::string>& rules) {
    auto program = head();
    for (const auto& rule : rules) {
        add_rule(program, rule);
    }
    program.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0));
    program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));

    bpf_attr load{};
    load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load.insns = reinterpret_cast<std::uintptr_t>(program.data());
    load.insn_cnt = static_cast<__u32>(program.size());
    load.license = reinterpret_cast<std::uintptr_t>("Apache-2.0");
    const auto loaded = static_cast<int>(bpf(BPF_PROG_LOAD, load));
    if (loaded < 0) {
        return false;
    }
    const int directory = ::open(cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bpf_attr attach{};
    attach.target_fd = static_cast<__u32>(directory);
    attach.attach_bpf_fd = static_cast<__u32>(loaded);
    attach.attach_type = BPF_CGROUP_DEVICE;
    const bool attached = directory >= 0 && bpf(BPF_PROG_ATTACH, attach) == 0;
    const int failure = errno;
    ::close(directory);
    ::close(loaded);
    errno = failure;
    return attached;
}

}  // namespace evergrass::jail

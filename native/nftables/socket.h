// A netlink socket of the netfilter family: opened with large buffers, closed with the object. Says what the kernel
// says: an errno is an exception, and a lost answer is told apart from a refusal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "decode.h"

namespace palisade {

/// A system call failed; `number` is the errno.
struct SystemError : std::runtime_error {
  SystemError(const std::string& what, int error);
  int number;
};

class Socket {
 public:
  /// Throws SystemError.
  Socket(int receive_bytes, int send_bytes);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const { return descriptor_; }
  uint32_t port() const { return port_; }

  void Send(const std::vector<uint8_t>& bytes);
  /// Reads one datagram. Returns its length, or 0 when nothing is there (`wait` false) in time (`wait` true).
  /// Throws SystemError, with ENOBUFS when answers were lost.
  size_t Receive(std::vector<uint8_t>& buffer, bool wait);
  /// Throws away what was left of earlier answers.
  void Drain();
  /// Sends a dump request and calls `each` with every message of the answer. Throws SystemError, with EINTR when the
  /// dumped thing changed meanwhile.
  template <typename Each>
  void Dump(const std::vector<uint8_t>& request, uint32_t sequence, Each each) {
    Drain();
    Send(request);
    std::vector<uint8_t> buffer(kReceiveBytes);
    bool was_interrupted = false;
    for (;;) {
      const size_t length = Receive(buffer, true);
      if (length == 0) throw SystemError("netlink dump", 110 /* ETIMEDOUT */);
      Message message{};
      for (MessageReader reader(buffer.data(), length); reader.Next(message);) {
        if (message.sequence != sequence) continue;
        if (message.flags & kDumpInterrupted) was_interrupted = true;
        Acknowledgement answer{};
        if (ReadAcknowledgement(message, answer)) {
          if (answer.error != 0) throw SystemError("netlink dump", answer.error);
          return;
        }
        if (message.type == kDone) {
          if (was_interrupted) throw SystemError("netlink dump", 4 /* EINTR */);
          return;
        }
        each(message);
      }
    }
  }

  /// One datagram: the kernel builds dumps in pieces of up to 32 KiB.
  static constexpr size_t kReceiveBytes = 1 << 18;

 private:
  static constexpr uint16_t kDone = 3;
  static constexpr uint16_t kDumpInterrupted = 0x10;

  int descriptor_;
  uint32_t port_ = 0;
};

}  // namespace palisade

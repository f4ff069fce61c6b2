// See socket.h.
#include "socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace palisade {

namespace {

/// The kernel answers at once; this is for one that does not.
constexpr timeval kReceiveTimeout = {10, 0};

void SetNumber(int descriptor, int level, int option, int value) {
  (void)setsockopt(descriptor, level, option, &value, sizeof(value));
}

/// With CAP_NET_ADMIN beyond the system's maximum, without it up to there.
void SetBuffer(int descriptor, int forced, int plain, int bytes) {
  if (setsockopt(descriptor, SOL_SOCKET, forced, &bytes, sizeof(bytes)) == 0) return;
  SetNumber(descriptor, SOL_SOCKET, plain, bytes);
}

}  // namespace

SystemError::SystemError(const std::string& what, int error)
    : std::runtime_error(what + ": " + std::strerror(error)), number(error) {}

Socket::Socket(int receive_bytes, int send_bytes) {
  descriptor_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (descriptor_ < 0) throw SystemError("netlink socket", errno);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  socklen_t length = sizeof(address);
  if (bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    const int error = errno;
    close(descriptor_);
    throw SystemError("netlink bind", error);
  }
  port_ = address.nl_pid;
  SetBuffer(descriptor_, SO_RCVBUFFORCE, SO_RCVBUF, receive_bytes);
  SetBuffer(descriptor_, SO_SNDBUFFORCE, SO_SNDBUF, send_bytes);
  SetNumber(descriptor_, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  SetNumber(descriptor_, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  (void)setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kReceiveTimeout, sizeof(kReceiveTimeout));
}

Socket::~Socket() { close(descriptor_); }

void Socket::Send(const std::vector<uint8_t>& bytes) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t sent = sendto(descriptor_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
                                sizeof(kernel));
    if (sent >= 0) return;
    if (errno != EINTR) throw SystemError("netlink send", errno);
  }
}

size_t Socket::Receive(std::vector<uint8_t>& buffer, bool wait) {
  for (;;) {
    sockaddr_nl sender{};
    socklen_t size = sizeof(sender);
    const ssize_t length = recvfrom(descriptor_, buffer.data(), buffer.size(), wait ? 0 : MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&sender), &size);
    if (length >= 0) {
      // Another process can write to this socket; only the kernel is believed.
      if (sender.nl_pid != 0) continue;
      return static_cast<size_t>(length);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) throw SystemError("netlink receive", errno);
  }
}

void Socket::Drain() {
  std::vector<uint8_t> buffer(kReceiveBytes);
  for (;;) {
    try {
      if (Receive(buffer, false) == 0) return;
    } catch (const SystemError& error) {
      if (error.number != ENOBUFS) throw;
    }
  }
}

}  // namespace palisade

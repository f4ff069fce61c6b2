// See monitor.h.
#include "monitor.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <vector>

#include "arguments.h"
#include "decode.h"

namespace palisade {

namespace {

constexpr napi_type_tag kMonitorTag = {0x5f90c3ab27e14d68, 0x8e417d3fb2095ac6};
constexpr int kReceiveBytes = 4 << 20;
constexpr int kSendBytes = 1 << 16;
/// Datagrams read for one callback, so that a flood of changes leaves room for other work.
constexpr int kDatagramsMax = 64;

/// Drops datagrams whose first message comes from `port`; the kernel never mixes senders in one.
void IgnorePort(int descriptor, uint32_t port) {
  // Loads convert from network order; the header is in host order.
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  const sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
  if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
    throw SystemError("netlink filter", errno);
  }
}

}  // namespace

Napi::Function Monitor::Define(Napi::Env env) {
  return DefineClass(env, "Monitor", {InstanceMethod<&Monitor::Close>("close")});
}

Monitor::Monitor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Monitor>(info), env_(info.Env()) {
  const auto port = static_cast<uint32_t>(WholeArgument(info, 0, 0, 4294967295.0, "ignoredPort"));
  if (!info[1].IsFunction()) throw Napi::TypeError::New(info.Env(), "onChange must be a function");
  try {
    socket_ = std::make_unique<Socket>(kReceiveBytes, kSendBytes);
    IgnorePort(socket_->descriptor(), port);
    const int group = NFNLGRP_NFTABLES;
    if (setsockopt(socket_->descriptor(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0) {
      throw SystemError("netlink subscription", errno);
    }
  } catch (const SystemError& error) {
    throw ToError(info.Env(), error);
  }
  callback_ = Napi::Persistent(info[1].As<Napi::Function>());
  context_ = std::make_unique<Napi::AsyncContext>(info.Env(), "nftables.Monitor");
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(info.Env(), &loop);
  poll_ = new uv_poll_t;
  poll_->data = this;
  uv_poll_init(loop, poll_, socket_->descriptor());
  uv_poll_start(poll_, UV_READABLE, OnPoll);
  info.This().As<Napi::Object>().TypeTag(&kMonitorTag);
  // Lives until closed, whoever still holds it.
  Ref();
}

Monitor::~Monitor() { Stop(); }

void Monitor::Close(const Napi::CallbackInfo& info) {
  CheckThis(info, kMonitorTag);
  if (poll_ == nullptr) return;
  Stop();
  Unref();
}

void Monitor::Stop() {
  if (poll_ == nullptr) return;
  uv_poll_stop(poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(poll_), [](uv_handle_t* handle) {
    delete reinterpret_cast<uv_poll_t*>(handle);
  });
  poll_ = nullptr;
  socket_.reset();
}

void Monitor::OnPoll(uv_poll_t* poll, int, int) { static_cast<Monitor*>(poll->data)->OnReadable(); }

void Monitor::OnReadable() {
  const Napi::HandleScope scope(env_);
  Napi::Array changes = Napi::Array::New(env_);
  bool was_lost = false;
  std::vector<uint8_t> buffer(Socket::kReceiveBytes);
  for (int count = 0; count < kDatagramsMax; count++) {
    size_t length = 0;
    try {
      length = socket_->Receive(buffer, false);
    } catch (const SystemError&) {
      // ENOBUFS, or worse: either way the listener must look for itself.
      was_lost = true;
      continue;
    }
    if (length == 0) break;
    Message message{};
    for (MessageReader reader(buffer.data(), length); reader.Next(message);) {
      Object object{};
      if (ReadObject(message, object)) changes.Set(changes.Length(), ToValue(env_, object));
    }
  }
  if (changes.Length() == 0 && !was_lost) return;
  callback_.MakeCallback(env_.Global(), {changes, Napi::Boolean::New(env_, was_lost)}, *context_);
}

}  // namespace palisade

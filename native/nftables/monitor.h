// Listens for changes of nf_tables that others make. Our own are filtered out inside the kernel, by the port number
// of the sender, so that a large batch of ours does not overflow the queue of this socket.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>

#include "socket.h"

namespace palisade {

class Monitor : public Napi::ObjectWrap<Monitor> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Monitor(const Napi::CallbackInfo& info);
  ~Monitor() override;

 private:
  void Close(const Napi::CallbackInfo& info);
  void Stop();
  void OnReadable();
  static void OnPoll(uv_poll_t* poll, int status, int events);

  std::unique_ptr<Socket> socket_;
  Napi::FunctionReference callback_;
  std::unique_ptr<Napi::AsyncContext> context_;
  Napi::Env env_;
  /// On the heap: libuv frees it after its close callback, which may outlive this object.
  uv_poll_t* poll_ = nullptr;
};

}  // namespace palisade

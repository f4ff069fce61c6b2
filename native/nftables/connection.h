// Requests to the kernel from JavaScript: transactions, dumps, conntrack, ipset. Each runs on libuv's pool, so a large one
// does not hold up the process; one at a time, because answers of two would mix on the socket.
#pragma once

#include <napi.h>

#include <memory>

#include "socket.h"

namespace palisade {

class Connection : public Napi::ObjectWrap<Connection> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Connection(const Napi::CallbackInfo& info);

  /// The socket stays open as long as a request holds it.
  const std::shared_ptr<Socket>& socket() const { return socket_; }
  void set_busy(bool busy) { is_busy_ = busy; }

 private:
  Napi::Value Port(const Napi::CallbackInfo& info);
  Napi::Value Commit(const Napi::CallbackInfo& info);
  Napi::Value ListObjects(const Napi::CallbackInfo& info);
  Napi::Value Generation(const Napi::CallbackInfo& info);
  Napi::Value ListElements(const Napi::CallbackInfo& info);
  Napi::Value FindElement(const Napi::CallbackInfo& info);
  Napi::Value CutConnections(const Napi::CallbackInfo& info);
  /// Sets of ipset: ipset.cc.
  Napi::Value PutIpset(const Napi::CallbackInfo& info);
  Napi::Value ListIpset(const Napi::CallbackInfo& info);
  Napi::Value TestIpset(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void CheckFree(const Napi::CallbackInfo& info);

  std::shared_ptr<Socket> socket_;
  bool is_busy_ = false;
};

}  // namespace palisade

// A request of a connection to the kernel as work on libuv's pool, and the one that sends messages and reads their
// acknowledgements. What is asked for is its user's.
#pragma once

#include <napi.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "arguments.h"
#include "connection.h"
#include "decode.h"
#include "socket.h"

namespace palisade {

/// A request on the pool; keeps the connection and its socket alive.
class Request : public Napi::AsyncWorker {
 public:
  Request(const Napi::CallbackInfo& info, Connection* connection)
      : Napi::AsyncWorker(info.Env()),
        deferred_(Napi::Promise::Deferred::New(info.Env())),
        connection_(connection),
        socket_(connection->socket()) {
    self_ = Napi::Persistent(info.This().As<Napi::Object>());
    connection_->set_busy(true);
  }

  Napi::Promise Start() {
    Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  virtual void Run(Socket& socket) = 0;
  virtual Napi::Value Result(Napi::Env env) = 0;

 private:
  void Execute() override {
    try {
      Run(*socket_);
    } catch (const SystemError& error) {
      number_ = error.number;
      SetError(error.what());
    } catch (const std::exception& error) {
      SetError(error.what());
    }
  }

  void OnOK() override {
    connection_->set_busy(false);
    deferred_.Resolve(Result(Env()));
  }

  void OnError(const Napi::Error& error) override {
    connection_->set_busy(false);
    if (number_ != 0) error.Value().Set("errno", Napi::Number::New(Env(), number_));
    deferred_.Reject(error.Value());
  }

  Napi::Promise::Deferred deferred_;
  Connection* connection_;
  std::shared_ptr<Socket> socket_;
  Napi::ObjectReference self_;
  int number_ = 0;
};

/// Sends a batch and reads its acknowledgements. The kernel handles it inside the send, so all answers are there then.
class CommitRequest : public Request {
 public:
  CommitRequest(const Napi::CallbackInfo& info, Connection* connection, std::vector<uint8_t> bytes, size_t messages)
      : Request(info, connection), bytes_(std::move(bytes)), messages_(messages) {}

 private:
  void Run(Socket& socket) override {
    socket.Drain();
    socket.Send(bytes_);
    std::vector<uint8_t> buffer(Socket::kReceiveBytes);
    size_t answers = 0;
    while (const size_t length = socket.Receive(buffer, false)) {
      Message message{};
      for (MessageReader reader(buffer.data(), length); reader.Next(message);) {
        Acknowledgement answer{};
        if (!ReadAcknowledgement(message, answer)) continue;
        answers++;
        if (answer.error == 0) continue;
        failures_.push_back(static_cast<int32_t>(answer.sequence));
        failures_.push_back(answer.error);
        failures_.push_back(static_cast<int32_t>(answer.offset));
      }
    }
    // Neither done nor refused: what the kernel holds now must be read back.
    if (failures_.empty() && answers < messages_) throw SystemError("answers of a transaction are missing", ENOBUFS);
  }

  Napi::Value Result(Napi::Env env) override {
    return ArrayOf<Napi::Int32Array>(env, failures_);
  }

  std::vector<uint8_t> bytes_;
  size_t messages_;
  std::vector<int32_t> failures_;
};

}  // namespace palisade

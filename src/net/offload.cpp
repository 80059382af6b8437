#include "net/offload.h"

namespace recloser::net {

Offload::Offload(Worker& worker) : worker_(worker) {}

Offload::~Offload() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
  thread_.join();
  for (std::size_t i = 0; i < waiting_.size(); ++i) worker_.mail_arrived();
}

void Offload::submit(std::unique_ptr<Job> job) {
  if (!thread_.joinable()) thread_ = std::thread([this] { work_until_closed(); });
  worker_.expect_mail();
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Offload::work_until_closed() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (closed_) return;
    std::unique_ptr<Job> job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job->work();
    Worker& worker = worker_;
    worker.post([&worker, job = std::move(job)] {
      worker.mail_arrived();
      job->deliver();
    });
    lock.lock();
  }
}

}  // namespace recloser::net

// Box: a value that is rarely there, kept apart so that its absence costs one word.
#pragma once

#include <memory>
#include <utility>

namespace recloser {

// Copies and compares as its value does; empty is its own value, not a default one.
template <class T>
class Box {
 public:
  Box() = default;
  Box(const Box& other) { *this = other; }
  Box(Box&&) = default;
  Box& operator=(Box&&) = default;
  ~Box() = default;

  // Takes the place that it has, so that a value copied again and again is allocated once.
  Box& operator=(const Box& other) {
    if (this == &other) return *this;
    if (!other.value_) {
      value_.reset();
    } else if (value_) {
      *value_ = *other.value_;
    } else {
      value_ = std::make_unique<T>(*other.value_);
    }
    return *this;
  }

  // The value, made when there was none.
  T& make() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }
  const T* get() const { return value_.get(); }
  T* get() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }
  const T& operator*() const { return *value_; }
  T& operator*() { return *value_; }
  explicit operator bool() const { return value_ != nullptr; }
  void reset() { value_.reset(); }

  friend bool operator==(const Box& a, const Box& b) {
    if (!a.value_ || !b.value_) return !a.value_ && !b.value_;
    return *a.value_ == *b.value_;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace recloser

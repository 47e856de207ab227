// Requests at a steady rate, far below what a server can take, so that times are the server's own
// and not those of a queue: the targets of a file in turn, over some connections.
//   bench_steady_load PORT CONNECTIONS RATE SECONDS FILE [HEADER …]
// Prints {"rate":…,"p50":…,"p99":…,"most":…}, microseconds. Where it is allowed to (root) it goes
// before every other process, as what it waits for a processor is not the server's time.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Plan {
  std::uint16_t port = 0;
  std::size_t connections = 0;
  double rate = 0;  // of all connections together
  double seconds = 0;
  std::vector<std::string> requests;
};

Plan read_plan(int count, char** words) {
  Plan plan;
  plan.port = static_cast<std::uint16_t>(std::stoi(words[1]));
  plan.connections = std::stoul(words[2]);
  plan.rate = std::stod(words[3]);
  plan.seconds = std::stod(words[4]);
  std::string head = " HTTP/1.1\r\nHost: 127.0.0.1:" + std::string(words[1]) + "\r\n";
  for (int i = 6; i < count; ++i) head += std::string(words[i]) + "\r\n";
  std::ifstream targets(words[5]);
  for (std::string target; std::getline(targets, target);) {
    plan.requests.push_back("GET " + target + head + "\r\n");
  }
  if (plan.requests.empty()) throw std::runtime_error("no targets");
  return plan;
}

// One connection with at most one request under way.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket() const { return socket_; }
  bool busy() const { return sent_.has_value(); }

  void send(const std::string& request) {
    sent_ = Clock::now();
    answer_.clear();
    if (::send(socket_, request.data(), request.size(), 0) !=
        static_cast<ssize_t>(request.size())) {
      throw std::runtime_error("cannot send");
    }
  }
  // How long the request took, once its answer is whole.
  std::optional<Clock::duration> receive() {
    char bytes[65536];
    const auto size = ::recv(socket_, bytes, sizeof bytes, 0);
    if (size <= 0) throw std::runtime_error("the connection ended");
    answer_.append(bytes, static_cast<std::size_t>(size));
    if (answer_.size() < answer_size()) return std::nullopt;
    const auto took = Clock::now() - *sent_;
    sent_.reset();
    return took;
  }

 private:
  std::size_t answer_size() const {
    const auto end = answer_.find("\r\n\r\n");
    if (end == std::string::npos) return answer_.size() + 1;
    if (!answer_.starts_with("HTTP/1.1 200")) throw std::runtime_error(answer_);
    std::string head = answer_.substr(0, end);
    std::transform(head.begin(), head.end(), head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::string_view kLength = "content-length: ";
    const auto at = head.find(kLength);
    if (at == std::string::npos) throw std::runtime_error("an answer without a length");
    std::size_t length = 0;
    std::from_chars(head.data() + at + kLength.size(), head.data() + head.size(), length);
    return end + 4 + length;
  }

  int socket_;
  std::string answer_;
  std::optional<Clock::time_point> sent_;
};

std::vector<double> measure(const Plan& plan) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < plan.connections; ++i) {
    connections.push_back(std::make_unique<Connection>(plan.port));
  }
  const auto interval =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / plan.rate));
  const auto wanted = static_cast<std::size_t>(plan.rate * plan.seconds);
  std::vector<double> times;
  std::vector<pollfd> polled;
  auto due = Clock::now();
  for (std::size_t sent = 0; times.size() < wanted;) {
    const auto free = std::find_if(connections.begin(), connections.end(),
                                   [](const auto& one) { return !one->busy(); });
    if (sent < wanted && free != connections.end() && Clock::now() >= due) {
      (*free)->send(plan.requests[sent++ % plan.requests.size()]);
      // Each connection in its turn.
      std::rotate(connections.begin(), free + 1, connections.end());
      due += interval;
      continue;
    }
    polled.clear();
    for (const auto& one : connections) {
      polled.push_back({one->socket(), static_cast<short>(one->busy() ? POLLIN : 0), 0});
    }
    const auto left = std::chrono::nanoseconds(due - Clock::now()).count();
    const timespec wait{0, std::clamp<long>(left, 0, 100'000'000)};
    if (::ppoll(polled.data(), polled.size(), &wait, nullptr) < 0) {
      throw std::runtime_error("cannot wait");
    }
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if ((polled[i].revents & (POLLIN | POLLHUP)) == 0) continue;
      if (const auto took = connections[i]->receive()) {
        times.push_back(std::chrono::duration<double, std::micro>(*took).count());
      }
    }
  }
  return times;
}

}  // namespace

int main(int count, char** words) {
  if (count < 6) {
    std::cerr << "see the head of bench/steady_load.cpp\n";
    return 2;
  }
  try {
    const Plan plan = read_plan(count, words);
    const sched_param first{1};
    ::sched_setscheduler(0, SCHED_FIFO, &first);
    const auto begin = Clock::now();
    auto times = measure(plan);
    const std::chrono::duration<double> took = Clock::now() - begin;
    std::sort(times.begin(), times.end());
    std::cout << "{\"rate\":" << static_cast<double>(times.size()) / took.count()
              << ",\"p50\":" << times[times.size() / 2]
              << ",\"p99\":" << times[times.size() * 99 / 100] << ",\"most\":" << times.back()
              << "}\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

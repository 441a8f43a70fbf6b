#include "comm/network_interfaces.h"

#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <istream>
#include <memory>
#include <sstream>

#include "core/error.h"

namespace samsr {
namespace {

/// As text; empty where it has none.
std::string numeric_address(const sockaddr* address) {
  const auto length =
      static_cast<socklen_t>(address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  std::array<char, NI_MAXHOST> text{};
  const int status = ::getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return status == 0 ? text.data() : "";
}

/// The names of a value of NCCL_SOCKET_IFNAME.
class WantedInterfaces {
 public:
  explicit WantedInterfaces(std::string text) {
    leaves_out_ = text.starts_with('^');
    text.erase(0, leaves_out_ ? 1 : 0);
    whole_ = text.starts_with('=');
    text.erase(0, whole_ ? 1 : 0);
    std::istringstream list(text);
    for (std::string name; std::getline(list, name, ',');) {
      names_.push_back(name);
    }
  }

  bool allow(const NetworkInterface& interface) const {
    if (names_.empty()) {
      return !interface.loopback;
    }
    const bool named = std::ranges::any_of(names_, [&](const std::string& name) {
      return whole_ ? interface.name == name : interface.name.starts_with(name);
    });
    return leaves_out_ ? !named && !interface.loopback : named;
  }

 private:
  bool leaves_out_ = false;
  bool whole_ = false;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<NetworkInterface> network_interfaces() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return {};
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(first, ::freeifaddrs);
  std::vector<NetworkInterface> interfaces;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
      if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != family || (each->ifa_flags & IFF_UP) == 0) {
        continue;
      }
      const std::string address = numeric_address(each->ifa_addr);
      if (!address.empty() && address.find('%') == std::string::npos) {  // "fe80::1%eth0" is link-local
        interfaces.push_back({each->ifa_name, address, (each->ifa_flags & IFF_LOOPBACK) != 0});
      }
    }
  }
  return interfaces;
}

std::string default_route_interface(std::istream& routes) {
  std::string line;
  std::getline(routes, line);  // the heading
  while (std::getline(routes, line)) {
    std::istringstream fields(line);
    std::string name, destination, gateway, flags, references, uses, metric, mask;
    if (fields >> name >> destination >> gateway >> flags >> references >> uses >> metric >> mask &&
        destination == "00000000" && mask == "00000000") {
      return name;
    }
  }
  return {};
}

std::optional<std::string> address_for_others(const std::vector<NetworkInterface>& interfaces,
                                              const std::string& default_route, const std::string& wanted) {
  const WantedInterfaces allowed(wanted);
  std::vector<NetworkInterface> candidates;
  std::vector<std::string> names;
  for (const NetworkInterface& each : interfaces) {
    names.push_back(each.name);
    if (allowed.allow(each)) {
      candidates.push_back(each);
    }
  }
  if (candidates.empty()) {
    if (wanted.empty()) {
      return std::nullopt;
    }
    throw UserError("NCCL_SOCKET_IFNAME={} leaves none of this host's network interfaces ({})", wanted,
                    fmt::join(names, ", "));
  }
  const auto of_route = std::ranges::find(candidates, default_route, &NetworkInterface::name);
  return of_route == candidates.end() ? candidates.front().address : of_route->address;
}

std::string resolved_address(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status != 0) {
    throw UserError(
        "this host's name '{}' does not resolve ({}), and it has no network interface but the loopback, so the ranks "
        "of "
        "other hosts cannot find it; name an interface with NCCL_SOCKET_IFNAME",
        host, ::gai_strerror(status));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  return numeric_address(list->ai_addr);
}

}  // namespace samsr

// SPDX-License-Identifier: Apache-2.0
#include "engine/port/root_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>

namespace podtail {
namespace {

// Calls that a signal may interrupt are made again.
template <class Call>
int Retry(Call call) {
  int result = -1;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

int OpenAt(int directory, const char* path, int flags, FileDescriptor* opened) {
  *opened = FileDescriptor(Retry([&] { return openat(directory, path, flags | O_CLOEXEC); }));
  return opened->valid() ? 0 : errno;
}

int Openat2(int directory, const char* path, int flags, FileDescriptor* opened) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  *opened = FileDescriptor(Retry(
      [&] { return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof(how))); }));
  return opened->valid() ? 0 : errno;
}

// The next component of `path` from `*at` on, "" behind the last one. Empty
// components and "." lead nowhere and are left out.
std::string_view NextComponent(std::string_view path, std::size_t* at) {
  while (*at < path.size()) {
    const std::size_t begin = *at;
    const std::size_t end = std::min(path.find('/', begin), path.size());
    *at = end + 1;
    const std::string_view component = path.substr(begin, end - begin);
    if (!component.empty() && component != ".") return component;
  }
  return {};
}

// What can be told from the path alone, before the file system is asked. ".." is
// refused even where it would stay beneath the root: no log path has one.
int CheckPath(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return EINVAL;
  if (path.starts_with('/')) return EXDEV;
  std::size_t at = 0;
  for (;;) {
    const std::string_view component = NextComponent(path, &at);
    if (component.empty()) return 0;
    if (component == "..") return EXDEV;
  }
}

bool IsLink(int directory, const char* name) {
  struct stat found;
  return fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
}

}  // namespace

std::string RootDirectory::Describe(std::string_view path) const {
  std::string whole = root_;
  if (path.empty()) return whole;
  if (!whole.ends_with('/')) whole.push_back('/');
  return whole.append(path);
}

int RootDirectory::Reopen() {
  // A descriptor of a root that went away would answer for a tree nobody sees.
  return OpenAt(AT_FDCWD, root_.c_str(), O_PATH | O_DIRECTORY, &fd_);
}

int RootDirectory::Open(const std::string& path, int flags, FileDescriptor* opened) {
  if (const int error = CheckPath(path)) return error;
  if (!fd_.valid()) {
    if (const int error = Reopen()) return error;
  }
  // The kernel takes no longer path in one call; a component at a time it does.
  if (method_ == BeneathMethod::kOpenat2 && path.size() < PATH_MAX) {
    const int error = Openat2(fd_.get(), path.empty() ? "." : path.c_str(), flags, opened);
    // ENOSYS: an old kernel. EPERM: perhaps a seccomp filter that does not know
    // the call, perhaps the file itself; the walk tells, at the price of a call.
    if (error == ENOSYS) method_ = BeneathMethod::kWalk;
    if (error != ENOSYS && error != EPERM) return error;
  }
  return OpenByWalk(path, flags, opened);
}

int RootDirectory::OpenByWalk(const std::string& path, int flags, FileDescriptor* opened) const {
  std::size_t at = 0;
  std::string_view next = NextComponent(path, &at);
  if (next.empty()) return OpenAt(fd_.get(), ".", flags, opened);
  FileDescriptor walked;  // the directory reached so far; none: the root
  for (;;) {
    const std::string component(next);
    next = NextComponent(path, &at);
    const bool last = next.empty();
    const int directory = walked.valid() ? walked.get() : fd_.get();
    // "x/" names a directory, as it does for openat2.
    const bool must_be_directory = !last || path.back() == '/';
    const int component_flags = (last ? flags : O_PATH) | O_NOFOLLOW;
    FileDescriptor step;
    int error = OpenAt(directory, component.c_str(),
                       component_flags | (must_be_directory ? O_DIRECTORY : 0), &step);
    // O_DIRECTORY hides that it was a link that was not followed.
    if (error == ENOTDIR && IsLink(directory, component.c_str())) error = ELOOP;
    if (error != 0) return error;
    if (last) {
      *opened = std::move(step);
      return 0;
    }
    walked = std::move(step);
  }
}

bool KindOf(int directory, const char* name, unsigned char d_type, FileKind* kind) {
  if (d_type == DT_UNKNOWN) {
    struct stat found;
    if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
      d_type = static_cast<unsigned char>(IFTODT(found.st_mode));
    } else if (errno == ENOENT) {
      return false;
    }
  }
  switch (d_type) {
    case DT_REG:
      *kind = FileKind::kRegular;
      break;
    case DT_DIR:
      *kind = FileKind::kDirectory;
      break;
    case DT_LNK:
      *kind = FileKind::kLink;
      break;
    default:
      *kind = FileKind::kOther;
      break;
  }
  return true;
}

int ReadEntries(FileDescriptor directory, std::vector<DirectoryEntry>* entries) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(directory.get()), &closedir);
  if (stream == nullptr) return errno;
  const int fd = directory.Release();
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) return errno;
      break;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileKind kind{};
    if (!KindOf(fd, entry->d_name, entry->d_type, &kind)) continue;
    entries->push_back({std::string(name), kind});
  }
  std::sort(entries->begin(), entries->end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return 0;
}

}  // namespace podtail

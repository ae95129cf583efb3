// SPDX-License-Identifier: Apache-2.0
// The only file of the tool that includes zlib.
#include "tools/podtail/gen/gzip_file.h"

#include <sys/stat.h>
#include <zlib.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "tools/podtail/gen/log_file.h"

namespace podtail::gen {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

constexpr std::size_t kBlockBytes = 256 << 10;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for a gzip member

// Compresses `in` to its end.
Status Deflate(z_stream* stream, std::FILE* in, const std::string& from, std::FILE* out,
               const std::string& to) {
  std::vector<unsigned char> input(kBlockBytes);
  std::vector<unsigned char> output(kBlockBytes);
  int flush = Z_NO_FLUSH;
  while (flush != Z_FINISH) {
    stream->next_in = input.data();
    stream->avail_in = static_cast<uInt>(std::fread(input.data(), 1, input.size(), in));
    if (std::ferror(in) != 0) return SystemError("read", from);
    if (stream->avail_in < input.size()) flush = Z_FINISH;
    do {
      stream->next_out = output.data();
      stream->avail_out = static_cast<uInt>(output.size());
      deflate(stream, flush);
      const std::size_t produced = output.size() - stream->avail_out;
      if (std::fwrite(output.data(), 1, produced, out) != produced) return SystemError("write", to);
    } while (stream->avail_out == 0);
  }
  return Status();
}

}  // namespace

Status GzipFile(const std::string& from, const std::string& to) {
  const File in(std::fopen(from.c_str(), "rbe"));
  if (!in) return SystemError("open", from);
  File out(std::fopen(to.c_str(), "wbe"));
  if (!out) return SystemError("open", to);
  struct stat info {};
  if (::fstat(::fileno(in.get()), &info) != 0 ||
      ::fchmod(::fileno(out.get()), info.st_mode & 0777) != 0) {
    return SystemError("copy the mode of", from);
  }
  z_stream stream{};
  // The fastest level: the ratio of test data is nobody's concern.
  if (deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Status(StatusCode::kResourceExhausted, "no memory to compress " + from);
  }
  Status status = Deflate(&stream, in.get(), from, out.get(), to);
  deflateEnd(&stream);
  if (!status.ok()) return status;
  if (std::fclose(out.release()) != 0) return SystemError("write", to);
  return Status();
}

}  // namespace podtail::gen

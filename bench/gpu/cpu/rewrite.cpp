#include "rewrite.h"

#include <cctype>
#include <map>
#include <regex>
#include <stdexcept>
#include <vector>

namespace fk {
namespace {

std::string trim(const std::string& s) {
  size_t start = s.find_first_not_of(" \t\n"), end = s.find_last_not_of(" \t\n");
  return start == std::string::npos ? "" : s.substr(start, end - start + 1);
}

// Splits at `separator` outside brackets and string literals.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (c == '"' && (i == 0 || text[i - 1] != '\\')) quoted = !quoted;
    if (!quoted && (c == '(' || c == '[' || c == '{')) depth++;
    if (!quoted && (c == ')' || c == ']' || c == '}')) depth--;
    if (c == separator && depth == 0 && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// ------------------------------------------------------------------------------ asm
// `"=r"(x)` gives x, in brackets.
std::string operand(const std::string& text) {
  const size_t open = text.find('(');
  if (open == std::string::npos) throw std::runtime_error("asm operand '" + text + "'");
  return trim(text.substr(open));
}

std::string assembler(const std::string& statement) {
  const std::vector<std::string> parts = split(statement, ':');
  std::string text = trim(parts[0]);
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> operands;
  for (size_t i = 1; i < parts.size() && i <= 2; i++) {
    if (trim(parts[i]).empty()) continue;
    for (const std::string& each : split(parts[i], ',')) operands.push_back(operand(each));
  }
  // The one text of several instructions: a generic address made a shared one.
  if (text == "{ .reg .u64 u; cvta.to.shared.u64 u, %1; cvt.u32.u64 %0, u; }") {
    return "fk_ptx_shared_address(" + operands.at(0) + ", " + operands.at(1) + ")";
  }
  const size_t end = text.find_first_of(" ;");
  std::string name = text.substr(0, end);
  if (text.find(';') != text.size() - 1) throw std::runtime_error("asm of several instructions: " + text);
  for (char& c : name) {
    if (c == '.') c = '_';
  }
  std::string arguments;
  const std::string rest = end == std::string::npos ? "" : text.substr(end, text.size() - 1 - end);
  for (size_t i = 0; i < rest.size(); i++) {
    if (rest[i] == '%') {
      size_t digits = i + 1;
      while (digits < rest.size() && std::isdigit((unsigned char)rest[digits])) digits++;
      arguments += operands.at(std::stoul(rest.substr(i + 1, digits - i - 1)));
      i = digits - 1;
    } else if (rest[i] != '{' && rest[i] != '}' && rest[i] != '[' && rest[i] != ']') {
      arguments += rest[i];
    }
  }
  return "fk_ptx_" + name + "(" + trim(arguments) + ")";
}

std::string replaceAssembler(const std::string& source) {
  static const std::string start = "asm volatile(";
  std::string result;
  size_t at = 0;
  for (;;) {
    const size_t found = source.find(start, at);
    if (found == std::string::npos) break;
    size_t end = found + start.size();
    int depth = 1;
    bool quoted = false;
    for (; depth > 0; end++) {
      if (end >= source.size()) throw std::runtime_error("an asm statement without an end");
      const char c = source[end];
      if (c == '"') quoted = !quoted;
      if (!quoted && c == '(') depth++;
      if (!quoted && c == ')') depth--;
    }
    result += source.substr(at, found - at);
    result += assembler(source.substr(found + start.size(), end - 1 - found - start.size()));
    at = end;
  }
  return result + source.substr(at);
}

// ------------------------------------------------------------------------------ shared memory
// Arrays lie one after the other, with 128 bytes between them: what a thread writes beyond an
// array's end is seen there, and an address keeps its remainder modulo a row of all banks.
constexpr size_t GAP = 128;

struct Shared {
  size_t bytes = GAP, declared = 0;
  std::string gaps = "{0, 128},";
};

std::string replaceShared(const std::string& source, Shared& shared) {
  static const std::map<std::string, size_t> sizes = {
      {"char", 1},  {"unsigned char", 1}, {"short", 2},  {"half", 2},      {"__half", 2}, {"int", 4},
      {"float", 4}, {"unsigned int", 4},  {"__half2", 4}, {"long", 8}, {"long long", 8}, {"double", 8}};
  static const std::regex pattern("__shared__ +([A-Za-z_][A-Za-z_0-9 ]*) +([A-Za-z_0-9]+)\\[([0-9]+)\\];");
  std::string result;
  auto at = source.cbegin();
  std::smatch match;
  while (std::regex_search(at, source.cend(), match, pattern)) {
    const std::string type = trim(match[1]), name = match[2], count = match[3];
    const auto size = sizes.find(type);
    if (size == sizes.end()) throw std::runtime_error("shared memory of type '" + type + "'");
    const size_t bytes = size->second * std::stoul(count);
    shared.bytes = (shared.bytes + size->second - 1) / size->second * size->second;
    const std::string array = type + " (&" + name + ")[" + count + "]";
    result.append(at, match[0].first);
    result += array + " = *(" + type + " (*)[" + count + "]) (fk_shared + ";
    result += std::to_string(shared.bytes) + ");";
    shared.bytes += bytes;
    shared.declared += bytes;
    shared.gaps += " {" + std::to_string(shared.bytes) + ", " + std::to_string(shared.bytes + GAP) + "},";
    shared.bytes += GAP;
    at = match[0].second;
  }
  result.append(at, source.cend());
  if (result.find("__shared__") != std::string::npos) {
    throw std::runtime_error("a declaration of shared memory that is no array of constant length");
  }
  return result;
}

bool has(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

} // namespace

std::string rewrite(const std::string& source) {
  std::string includes, body;
  for (const std::string& line : split(source, '\n')) {
    if (line.rfind("#include", 0) == 0) {
      includes += line + "\n";
    } else {
      body += line + "\n";
    }
  }
  // Threads that meet nobody run in a loop; others need a stack each.
  const bool meet = has(body, "__syncthreads") || has(body, "_sync(") || has(body, "__syncwarp") ||
                    has(body, "sync.aligned") || has(body, "cp.async");
  const bool assembly = has(body, "asm");
  std::string kernels;
  static const std::regex entry("__global__ +void +([A-Za-z_0-9]+) *\\(");
  for (std::sregex_iterator i(body.begin(), body.end(), entry), none; i != none; ++i) {
    kernels += "  FK_KERNEL(" + (*i)[1].str() + ", " + (meet ? "true" : "false") + "),\n";
  }
  if (kernels.empty()) throw std::runtime_error("a source without a kernel");
  body = replaceAssembler(body);
  if (has(body, "asm")) throw std::runtime_error("an asm statement that is not volatile");
  Shared shared;
  body = replaceShared(body, shared);
  // The target's own conversion, where the operand is a variable of a floating-point type.
  static const std::regex cast("\\((int|long long)\\) ([fd]_[0-9]+)");
  body = std::regex_replace(body, cast, "fk_truncate<$1>($2)");

  std::string unit = includes;
  if (assembly) unit += "#include <cuda_fp8.h>\n";
  unit += "#include \"shim.h\"\n";
  unit += "alignas(1024) static unsigned char fk_shared[" + std::to_string(shared.bytes) + "];\n";
  if (assembly) unit += "#include \"ptx.h\"\n";
  unit += "#line 1 \"kernel.cu\"\n" + body + "\n";
  unit += "static const FkGap fk_gaps[] = {" + shared.gaps + " {0, 0}};\n";
  unit += "static const FkKernel fk_kernels[] = {\n" + kernels + "};\n";
  unit += "FK_MODULE(fk_shared, " + std::to_string(shared.bytes) + ", ";
  unit += std::to_string(shared.declared) + ")\n";
  return unit;
}

} // namespace fk

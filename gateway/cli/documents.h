#pragma once

#include <string>
#include <string_view>

namespace holdfast::cli {

// The command line's completion for "bash", "zsh" or "fish", made from verbs().
std::string completion_for(std::string_view shell);
// The manual page (section 1) as roff, made from verbs().
std::string manual();

// On stdout; the exit status.
int print_completion(const std::string& shell);
int print_manual();

}  // namespace holdfast::cli

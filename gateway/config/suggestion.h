#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// How many letters must be inserted, removed, replaced or swapped with their neighbour to make one
// text of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The one of `known` ("section.key") that was probably meant by `unknown`; empty when none is near.
// The same key in another section is nearer than another key.
std::string nearest_key(std::string_view unknown, const std::vector<std::string>& known);

}  // namespace holdfast::config

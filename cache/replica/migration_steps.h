#pragma once

#include <array>

#include "cache/replica/migrations.h"

namespace holdfast::cache {

// The SQL of each step: number n makes version n + 1. A released step never changes.
// For migrations.cpp alone. Immutable.
extern const std::array<const char*, kPrincipalFileVersion> kMigrationSteps;

}  // namespace holdfast::cache

#include "tests/architecture/source_tree.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace holdfast::architecture {
namespace {

using testing::ElementsAre;

TEST(SourceTreeTest, EveryFormOfIncludeIsSeen) {
  const auto includes = includes_of("#include <a.h>\n// include\n  #  include \"b/c.h\"  // why\n");
  ASSERT_EQ(includes.size(), 2u);
  EXPECT_EQ(includes[0].path, "a.h");
  EXPECT_TRUE(includes[0].angled);
  EXPECT_EQ(includes[1].path, "b/c.h");
  EXPECT_FALSE(includes[1].angled);
  EXPECT_EQ(includes[1].line, 3u);
}

TEST(SourceTreeTest, OwnFilesAreReadAndForeignFoldersLeftOut) {
  const support::TempDir root;
  for (const char* path : {"a/b.cpp", ".ci/run", ".git/x", "a/node_modules/x", "build/x",
                           "build-asan/x", "builder/y.h"}) {
    std::filesystem::create_directories((root.path() / path).parent_path());
    std::ofstream(root.path() / path) << "text\n";
  }
  std::vector<std::string> paths;
  for (const SourceFile& file : read_tree(root.path())) paths.push_back(file.path);
  EXPECT_THAT(paths, ElementsAre(".ci/run", "a/b.cpp", "builder/y.h"));
}

}  // namespace
}  // namespace holdfast::architecture

// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_EXPORT_H_
#define PODTAIL_EXPORT_H_
// Visibility. The [[gnu::]] form, because g++ 12 refuses the __attribute__ one
// behind [[nodiscard]].
#define PODTAIL_EXPORT [[gnu::visibility("default")]]
#endif

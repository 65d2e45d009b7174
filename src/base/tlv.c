/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/tlv.h"

/* Tag of one to three bytes; 0 with *n = 0 when it does not parse. */
static uint32_t read_tag(struct bytes in, size_t *n)
{
	uint32_t tag;
	size_t i = 1;

	*n = 0;
	if (in.len == 0)
		return 0;
	tag = in.data[0];
	if ((tag & 0x1F) == 0x1F) {
		do {
			if (i == 3 || i == in.len)
				return 0;
			tag = tag << 8 | in.data[i];
		} while (in.data[i++] & 0x80);
	}
	*n = i;
	return tag;
}

/* Length field; *n = 0 when it does not parse. */
static size_t read_length(struct bytes in, size_t *n)
{
	size_t len = 0, count;

	*n = 0;
	if (in.len == 0)
		return 0;
	count = in.data[0] & 0x7F;
	if (!(in.data[0] & 0x80)) {
		*n = 1;
		return count;
	}
	if (count == 0 || count > 4 || in.len < 1 + count)
		return 0;
	for (size_t i = 1; i <= count; i++)
		len = len << 8 | in.data[i];
	*n = 1 + count;
	return len;
}

static bool read_header(struct bytes in, uint32_t *tag, size_t *header, size_t *length)
{
	size_t tag_len, length_len;

	*tag = read_tag(in, &tag_len);
	if (tag_len == 0)
		return false;
	*length = read_length((struct bytes){in.data + tag_len, in.len - tag_len}, &length_len);
	*header = tag_len + length_len;
	return length_len != 0;
}

bool tlv_next(struct bytes *in, struct tlv *out)
{
	uint32_t tag;
	size_t header, length;

	if (in->len == 0 || in->data[0] == 0x00 || in->data[0] == 0xFF)
		return false;
	if (!read_header(*in, &tag, &header, &length) || length > in->len - header)
		return false;
	out->tag = tag;
	out->value = (struct bytes){in->data + header, length};
	out->whole = (struct bytes){in->data, header + length};
	in->data += header + length;
	in->len -= header + length;
	return true;
}

bool tlv_find(struct bytes in, uint32_t tag, struct tlv *out)
{
	while (tlv_next(&in, out))
		if (out->tag == tag)
			return true;
	return false;
}

size_t tlv_announced(struct bytes head)
{
	uint32_t tag;
	size_t header, length;

	if (head.len == 0 || head.data[0] == 0x00 || head.data[0] == 0xFF)
		return 0;
	return read_header(head, &tag, &header, &length) ? header + length : 0;
}

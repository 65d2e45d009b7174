/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/tlv.h"

/* A tag of one to three bytes and a length of up to five; false when they do not parse,
 * or the whole object is more than a size_t can hold. */
static bool read_header(struct bytes in, uint32_t *tag, size_t *header, size_t *length)
{
	size_t i = 1, count;

	if (in.len == 0)
		return false;
	*tag = in.data[0];
	if ((*tag & 0x1F) == 0x1F) {
		do {
			if (i == 3 || i == in.len)
				return false;
			*tag = *tag << 8 | in.data[i];
		} while (in.data[i++] & 0x80);
	}
	if (i == in.len)
		return false;
	count = in.data[i] & 0x7F;
	*length = count;
	if (in.data[i++] & 0x80) {
		if (count == 0 || count > 4 || in.len - i < count)
			return false;
		for (*length = 0; count > 0; count--)
			*length = *length << 8 | in.data[i++];
	}
	*header = i;
	return *length <= SIZE_MAX - i;
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

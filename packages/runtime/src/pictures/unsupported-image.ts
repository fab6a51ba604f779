/** An image that may be whole, but is of a format that cannot be read here. Any other TypeError is a mistake of the code. */
export class UnsupportedImageError extends TypeError {}
